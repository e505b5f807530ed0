import { setTimeout as delay } from 'node:timers/promises';
import type { HashFields, RedisReader } from '../../redis/reader.js';
import { readHashes } from '../../redis/reader.js';
import { scanKeys } from '../../redis/scan.js';
import type { QueueJob, QueueState } from '../job.js';
import { ALL_FIELDS, ROW_FIELDS, decodeQueueJob, unreadableQueueJob } from './job.js';
import type { QueueAddress } from './layout.js';
import { keyOf, keysOf, queueKeysOf, queueNameOf } from './layout.js';
import { findState } from './state.js';
import { pagesOf } from '../pages.js';
import { idsOfUser } from './users.js';

export { listQueueIds } from './ids.js';

export interface ReadJobsOptions {
  /** A row has no stack trace and no return value. */
  fields: 'row' | 'all';
  signal: AbortSignal;
}

/** A job, by its id, and the state in which it was listed. */
export type WantedJob = readonly [id: string, state: QueueState];

/** A job that goes from one list to another is in one again after one command of BullMQ. */
const MOST_LOOKS = 5;
const LOOK_AGAIN_MS = 20;

/**
 * The jobs in the order in which they are wanted, up to 1,000 at a time. Those that were removed
 * since they were listed are left out. One whose key holds no hash has only problems.
 */
export async function* readQueueJobs(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Iterable<WantedJob>,
  { fields, signal }: ReadJobsOptions,
): AsyncGenerator<QueueJob[]> {
  const names = fields === 'row' ? ROW_FIELDS : ALL_FIELDS;
  for (const page of pagesOf(wanted)) {
    signal.throwIfAborted();
    const keys = page.map(([id]) => keyOf(queue, id));
    const hashes = await readHashes(redis, keys, names);
    const jobs = page.map(([id, state], index) =>
      jobOf(queue, id, state, names, hashes[index] ?? []),
    );
    const found = jobs.filter((job) => job !== undefined);
    if (found.length > 0) yield found;
  }
}

/** The same of the jobs whose data name the user, in any order. Reads no more of the others. */
export async function* readQueueJobsOfUser(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Iterable<WantedJob>,
  userId: string,
  options: ReadJobsOptions,
): AsyncGenerator<QueueJob[]> {
  const { signal } = options;
  for await (const page of idsOfUser(redis, queue, wanted, { userId, signal })) {
    yield* readQueueJobs(redis, queue, page, options);
  }
}

/**
 * One job with all its fields; `undefined` where it is in none of the queue's lists, or its key is
 * gone. A key alone is no job: `meta` and `events` would be ids too, and BullMQ leaves hashes behind
 * (of jobs that a worker reports on after they were removed). Since a job that goes back slips past
 * the reader, one whose key exists is searched for again, for about a tenth of a second.
 */
export async function findQueueJob(
  redis: RedisReader,
  queue: QueueAddress,
  id: string,
): Promise<QueueJob | undefined> {
  for (let look = 1; ; look++) {
    const state = await findState(redis, queue, id);
    const [fields = []] = await readHashes(redis, [keyOf(queue, id)], ALL_FIELDS);
    if (state !== undefined) return jobOf(queue, id, state, ALL_FIELDS, fields);
    if (fields === 'wrong type' || isGone(fields) || look === MOST_LOOKS) return undefined;
    await delay(LOOK_AGAIN_MS);
  }
}

/** The names of all queues with the prefix, sorted. Walks the whole database. */
export async function listQueueNames(
  redis: RedisReader,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  const names = new Set<string>();
  for await (const keys of scanKeys(redis, queueKeysOf(prefix), signal)) {
    for (const key of keys) {
      const name = queueNameOf(prefix, key.toString('utf8'));
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

/** Whether BullMQ has ever used the queue. */
export async function queueExists(redis: RedisReader, queue: QueueAddress): Promise<boolean> {
  return (await redis.call('EXISTS', ...keysOf(queue))) !== 0;
}

function jobOf(
  { name }: QueueAddress,
  id: string,
  state: QueueState,
  names: readonly string[],
  fields: HashFields,
): QueueJob | undefined {
  if (fields === 'wrong type') return unreadableQueueJob(name, id, state);
  if (isGone(fields)) return undefined;
  const byName = Object.fromEntries(names.map((field, index) => [field, fields[index] ?? null]));
  return decodeQueueJob(name, id, state, byName);
}

function isGone(fields: readonly (string | null)[]): boolean {
  return fields.every((value) => value === null);
}
