import { setTimeout as delay } from 'node:timers/promises';
import { MangamotionError } from '../../errors.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import { lockHolder } from '../../lock/read-claims.js';
import { readHistory } from './history.js';
import type { RunRecord } from './record.js';
import { askForRun, isTaken, withdraw } from './requests.js';

export interface Asking {
  folder: string;
  /** Of the entry. */
  name: string;
  id: string;
  now: () => Date;
  signal: AbortSignal;
}

const LOOK_EVERY_MS = 500;
/** More than the daemon sleeps. */
const TAKEN_WITHIN_MS = 30_000;
/** The daemon may have ended between its record and our look at the history. */
const LOOKS_AFTER_ITS_END = 4;

/**
 * Asks the daemon of a state folder for a run, and waits for its end. Resolves to `undefined` where
 * whoever held the folder is gone and has not taken the run. Rejects with `unreachable` where it does
 * not take it, and where it ends before it has recorded the run.
 */
export async function askDaemon(asking: Asking): Promise<RunRecord | undefined> {
  const { folder, name, id, now, signal } = asking;
  await askForRun(folder, { id, name, askedAt: now().toISOString() });
  const begunAtMs = performance.now();
  while (!(await isTaken(folder, id))) {
    const holder = await commandOfHolder(asking);
    const isSilent = holder === 'schedule' && performance.now() - begunAtMs > TAKEN_WITHIN_MS;
    const isOver = holder === undefined || isSilent || signal.aborted;
    if (isOver && (await withdraw(folder, id))) {
      signal.throwIfAborted();
      if (holder === undefined) return undefined;
      throw new MangamotionError('unreachable', 'the daemon does not take the run', {
        hint: 'look at its log: it may be ending, or stopped',
      });
    }
    await delay(LOOK_EVERY_MS);
  }
  return await recordOf(asking);
}

async function recordOf(asking: Asking): Promise<RunRecord> {
  for (let looksLeft = LOOKS_AFTER_ITS_END; ;) {
    asking.signal.throwIfAborted();
    const { records } = await readHistory(asking.folder);
    const record = records.find(({ id }) => id === asking.id);
    if (record !== undefined) return record;
    if ((await commandOfHolder(asking)) !== undefined) looksLeft = LOOKS_AFTER_ITS_END;
    else if (looksLeft-- === 0) {
      throw new MangamotionError('unreachable', 'the daemon ended before the run did', {
        hint: 'the next daemon records what became of it: see `mangamotion schedule history`',
      });
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** `schedule` for a daemon, `schedule run` for a run beside none. */
async function commandOfHolder({ folder, now, signal }: Asking): Promise<string | undefined> {
  const holder = await lockHolder(new FolderClaims(folder), { now: now(), signal });
  return holder?.owner.command;
}
