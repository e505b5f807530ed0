import { setTimeout as delay } from 'node:timers/promises';
import { MangamotionError } from '../../errors.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import { lockHolder } from '../../lock/read-claims.js';
import { readHistory } from './history.js';
import type { RunRecord } from './record.js';
import { submitRequest, isTaken, withdraw } from './requests.js';

export interface RunRequestOptions {
  folder: string;
  /** The name of the entry. */
  name: string;
  id: string;
  now: () => Date;
  signal: AbortSignal;
}

const POLL_EVERY_MS = 500;
/** The time to wait for the daemon, which is longer than its longest sleep. */
const TAKEN_WITHIN_MS = 30_000;
/** The daemon may have ended after it wrote the record, and after we read the history. */
const POLLS_AFTER_ITS_END = 4;

/**
 * Requests a run from the daemon of a state folder, and waits for its end. Resolves to `undefined` where
 * the holder of the folder is gone and has not taken the request. Rejects with `unreachable` where the
 * daemon does not take it, and where it ends before it has recorded the run.
 */
export async function requestRun(options: RunRequestOptions): Promise<RunRecord | undefined> {
  const { folder, name, id, now, signal } = options;
  await submitRequest(folder, { id, name, requestedAt: now().toISOString() });
  const begunAtMs = performance.now();
  while (!(await isTaken(folder, id))) {
    const holder = await commandOfHolder(options);
    const isSilent = holder === 'schedule' && performance.now() - begunAtMs > TAKEN_WITHIN_MS;
    const isOver = holder === undefined || isSilent || signal.aborted;
    if (isOver && (await withdraw(folder, id))) {
      signal.throwIfAborted();
      if (holder === undefined) return undefined;
      throw new MangamotionError('unreachable', 'the daemon did not accept the run', {
        hint: 'look at its log: it may be ending, or stopped',
      });
    }
    await delay(POLL_EVERY_MS);
  }
  return await recordOf(options);
}

async function recordOf(options: RunRequestOptions): Promise<RunRecord> {
  for (let pollsLeft = POLLS_AFTER_ITS_END; ;) {
    options.signal.throwIfAborted();
    const { records } = await readHistory(options.folder);
    const record = records.find(({ id }) => id === options.id);
    if (record !== undefined) return record;
    if ((await commandOfHolder(options)) !== undefined) pollsLeft = POLLS_AFTER_ITS_END;
    else if (pollsLeft-- === 0) {
      throw new MangamotionError('unreachable', 'the daemon ended before the run did', {
        hint: 'the next daemon will record its result: see `mangamotion schedule history`',
      });
    }
    await delay(POLL_EVERY_MS);
  }
}

/** Resolves to `schedule` for a daemon, `schedule run` for a single run without one. */
async function commandOfHolder({
  folder,
  now,
  signal,
}: RunRequestOptions): Promise<string | undefined> {
  const holder = await lockHolder(new FolderClaims(folder), { now: now(), signal });
  return holder?.owner.command;
}
