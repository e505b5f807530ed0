import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { MangamotionError } from '../../errors.js';
import { readSmallFile, replaceFile } from '../../files/bounded.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import { lockHolder } from '../../lock/read-claims.js';
import { readHistory } from './history.js';
import type { RunRecord } from './record.js';
import { watchFolder } from './watched-file.js';

/** A request to a daemon to run an entry: a file in the state folder. */
export interface RunRequest {
  id: string;
  /** The name of the entry. */
  name: string;
  /** RFC 3339. */
  requestedAt: string;
}

const FOLDER = 'requests';
const SUFFIX = '.json';
const MOST_BYTES = 64 * 1024;
const content = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ name: v.string(), asked_at: v.string() }),
);

/** Writes a request for the daemon of a state folder. */
export async function submitRequest(
  folder: string,
  { id, name, requestedAt }: RunRequest,
): Promise<void> {
  const file = fileOf(folder, id);
  const text = JSON.stringify({ name, asked_at: requestedAt });
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await replaceFile(file, text);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
}

/** Whether a daemon has taken the request. */
export async function isTaken(folder: string, id: string): Promise<boolean> {
  return !(await readIds(folder)).includes(id);
}

/** Takes all requests; a file that is not a request is removed and ignored. */
export async function takeRequests(folder: string): Promise<RunRequest[]> {
  const requests: RunRequest[] = [];
  for (const id of await readIds(folder)) {
    const text = await readSmallFile(fileOf(folder, id), { mostBytes: MOST_BYTES }).then(
      ({ bytes }) => bytes.toString('utf8'),
      () => '',
    );
    if (!(await withdraw(folder, id))) continue;
    const { success, output } = v.safeParse(content, text);
    if (success) requests.push({ id, name: output.name, requestedAt: output.asked_at });
  }
  return requests;
}

/** Calls `onChange` when there may be requests: see `watchFolder`. Resolves to a function that ends it. */
export async function watchRequests(folder: string, onChange: () => void): Promise<() => void> {
  const requests = path.join(folder, FOLDER);
  // A disk that is full must not keep the schedule from running.
  await mkdir(requests, { recursive: true, mode: 0o700 }).catch(() => undefined);
  return watchFolder(requests, onChange);
}

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
  return (await handOver(options)) ? await recordOf(options) : undefined;
}

/**
 * Hands a request over to the daemon of a state folder. Resolves to false where the holder of the folder
 * is gone and has not taken it. Rejects with `unreachable` where the daemon does not take it in time; the
 * request is withdrawn then.
 */
export async function handOver(
  options: RunRequestOptions,
  takenWithinMs = TAKEN_WITHIN_MS,
): Promise<boolean> {
  const { folder, name, id, now, signal } = options;
  await submitRequest(folder, { id, name, requestedAt: now().toISOString() });
  const begunAtMs = performance.now();
  while (!(await isTaken(folder, id))) {
    const holder = await commandOfHolder(options);
    const isSilent = holder === DAEMON && performance.now() - begunAtMs > takenWithinMs;
    const isOver = holder === undefined || isSilent || signal.aborted;
    if (isOver && (await withdraw(folder, id))) {
      signal.throwIfAborted();
      if (holder === undefined) return false;
      throw new MangamotionError('unreachable', 'the daemon did not accept the run', {
        hint: 'look at its log: it may be ending, or stopped',
      });
    }
    await delay(POLL_EVERY_MS);
  }
  return true;
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

/** What a daemon calls itself in the lock; a single run without one is `schedule run`. */
export const DAEMON = 'schedule';

async function commandOfHolder({
  folder,
  now,
  signal,
}: RunRequestOptions): Promise<string | undefined> {
  const holder = await lockHolder(new FolderClaims(folder), { now: now(), signal });
  return holder?.owner.command;
}

/** Removes a request. Resolves to false where a daemon has taken it already. */
async function withdraw(folder: string, id: string): Promise<boolean> {
  const file = fileOf(folder, id);
  try {
    await rm(file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw translateFileError(error, 'remove', file);
  }
}

async function readIds(folder: string): Promise<string[]> {
  const requests = path.join(folder, FOLDER);
  try {
    const files = await readdir(requests, { withFileTypes: true });
    return files
      .filter((file) => file.isFile() && file.name.endsWith(SUFFIX))
      .map(({ name }) => name.slice(0, -SUFFIX.length));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw translateFileError(error, 'list', requests);
  }
}

function fileOf(folder: string, id: string): string {
  return path.join(folder, FOLDER, `${id}${SUFFIX}`);
}
