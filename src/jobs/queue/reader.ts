import { setTimeout as delay } from 'node:timers/promises';
import type { HashFields, RedisReader } from '../../redis/reader.js';
import { readHashes } from '../../redis/reader.js';
import { scanKeys } from '../../redis/scan.js';
import type { QueueJob, QueueState } from '../job.js';
import type { Wanted } from '../sources.js';
import { ALL_FIELDS, ROW_FIELDS, decodeQueueJob, unreadableQueueJob } from './job.js';
import type { QueueAddress } from './layout.js';
import { keyOf, keysOf, queueKeysOf, queueNameOf } from './layout.js';
import { findState } from './ids.js';
import { pagesOf } from '../pages.js';
import { idsOfUser } from './users.js';

export { listQueueIds } from './ids.js';

export interface ReadJobsOptions {
  /** The fields of a row do not include the stack trace and the return value. */
  fields: 'row' | 'all';
  signal: AbortSignal;
}

/** A job that moves from one list to another is in a list again after one command of BullMQ. */
const MOST_LOOKS = 5;
const LOOK_AGAIN_MS = 20;

/**
 * Yields the wanted jobs in their order, up to 1,000 at a time, without those that were removed since they
 * were listed. A job whose key holds no hash has only problems.
 */
export async function* readQueueJobs(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Wanted,
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

/** Yields the wanted jobs whose data name the user, in any order. */
export async function* readQueueJobsOfUser(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Wanted,
  userId: string,
  options: ReadJobsOptions,
): AsyncGenerator<QueueJob[]> {
  const { signal } = options;
  for await (const page of idsOfUser(redis, queue, wanted, { userId, signal })) {
    yield* readQueueJobs(redis, queue, page, options);
  }
}

/**
 * Resolves to one job with all its fields; `undefined` where it is in none of the queue's lists, or its key
 * is gone. A key alone is not a job: `meta` and `events` would be ids too, and BullMQ leaves hashes of jobs
 * that a worker reports on after they were removed. A job that moves back can slip past the reader, so a
 * job whose key exists is searched for again, for about a tenth of a second.
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

/** Resolves to the sorted names of all queues with the prefix. Scans the whole database. */
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
