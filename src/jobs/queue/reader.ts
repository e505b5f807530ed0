import { setTimeout as delay } from 'node:timers/promises';
import type { RedisReader } from '../../redis/reader.js';
import { scanKeys } from '../../redis/scan.js';
import type { QueueJob, QueueState } from '../job.js';
import { pagesOf } from '../pages.js';
import type { CreatedJob, Wanted } from '../sources.js';
import type { FieldValue } from './fields.js';
import { findState } from './ids.js';
import type { DataSummary, JobFields } from './job.js';
import {
  LONG_FIELDS,
  LONG_ROW_FIELDS,
  SMALL_FIELDS,
  creationIn,
  decodeQueueJob,
  decodeQueueRow,
  summaryOfData,
  unreadableQueueJob,
} from './job.js';
import type { QueueAddress } from './layout.js';
import { keyOf, keysOf, queueKeysOf, queueNameOf } from './layout.js';
import { standingsOf } from './standing.js';
import type { OnData } from './values.js';
import { MOST_ROW_BYTES, replies, valuesOf, wasRead } from './values.js';

export { listQueueIds } from './ids.js';
export { idsOfUser } from './users.js';

/** A job that moves from one list to another is in a list again after one command of BullMQ. */
const MOST_LOOKS = 5;
const LOOK_AGAIN_MS = 20;

/** Longer values are shown in part: in rows, of which there are many, and on the page of one job. */
const ROW_LIMITS = { text: 16 * 1024, read: MOST_ROW_BYTES };
const PAGE_LIMITS = { text: 1024 * 1024, read: 64 * 1024 * 1024 };

/**
 * Yields when the wanted jobs were created, in their order, up to 1,000 at a time, without those that were
 * removed since they were listed.
 */
export async function* readCreations(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<CreatedJob[]> {
  for (const page of pagesOf(wanted)) {
    signal.throwIfAborted();
    const keys = page.map(([id]) => keyOf(queue, id));
    const times = await replies(
      redis,
      keys.map((key) => ['hget', key, 'timestamp']),
    );
    const isThere = await existing(
      redis,
      keys.filter((_key, at) => typeof times[at] !== 'string'),
    );
    const found = page.flatMap(([id, state], at): CreatedJob[] => {
      const time = times[at];
      if (typeof time === 'string') return [{ id, state, createdAt: creationIn(time) }];
      return isThere.has(keyOf(queue, id)) ? [{ id, state, createdAt: null }] : [];
    });
    if (found.length > 0) yield found;
  }
}

/** What rows need of the data of jobs, by their keys, for a reader that reads the jobs again and again. */
export type DataCache = Map<string, { version: string; summary: DataSummary }>;

/** Removes from the cache what it has of other jobs. */
export function forgetOthers(
  cache: DataCache,
  queue: QueueAddress,
  ids: ReadonlyMap<string, unknown>,
): void {
  const from = keyOf(queue, '').length;
  for (const key of cache.keys()) if (!ids.has(key.slice(from))) cache.delete(key);
}

interface RowsRequest {
  signal: AbortSignal;
  cache?: DataCache | undefined;
  onData?: OnData | undefined;
}

/**
 * Yields the rows of the wanted jobs in their order, up to 1,000 at a time, without those that were removed
 * since they were listed. A job whose key holds no hash has only problems. Data that the cache has are not
 * read again, unless the job was made anew or their length has changed.
 */
export async function* readQueueRows(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Wanted,
  { signal, cache, onData }: RowsRequest,
): AsyncGenerator<QueueJob[]> {
  for (const page of pagesOf(wanted)) {
    signal.throwIfAborted();
    const hashes = await sizedHashes(redis, queue, page, LONG_ROW_FIELDS);
    const standings = await standingsOf(redis, queue, page);
    const summaries = new Map<number, DataSummary>();
    const wishes = hashes.map((hash, index) => {
      if (hash === 'wrong type') return { key: '', lengths: {} };
      const known = cache?.get(hash.key);
      if (known?.version !== versionOf(hash)) return hash;
      summaries.set(index, known.summary);
      const lengths: Record<string, number> = { ...hash.lengths };
      delete lengths.data;
      return { key: hash.key, lengths };
    });
    const rows: QueueJob[] = [];
    for await (const { index, values } of valuesOf(redis, wishes, ROW_LIMITS)) {
      signal.throwIfAborted();
      const [job, hash, standing] = [page[index], hashes[index], standings[index]];
      if (job === undefined || hash === undefined || standing === undefined) continue;
      const [id, state] = job;
      if (hash === 'wrong type') {
        rows.push(unreadableQueueJob(queue.name, id, state));
        continue;
      }
      if (hash.isGone) continue;
      const summary = summaries.get(index) ?? summaryOfData(values.data ?? null);
      cache?.set(hash.key, { version: versionOf(hash), summary });
      if (!summaries.has(index)) onData?.(id, wasRead(values.data));
      const fields = { ...hash.shortFields, ...values };
      rows.push(decodeQueueRow(queue.name, id, state, fields, { summary, standing }));
    }
    if (rows.length > 0) yield rows;
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
    const [hash] = await sizedHashes(redis, queue, [[id, state ?? 'waiting']], LONG_FIELDS);
    if (hash === undefined) return undefined;
    if (state !== undefined) return await jobOf(redis, queue, [id, state], hash);
    if (hash === 'wrong type' || hash.isGone || look === MOST_LOOKS) return undefined;
    await delay(LOOK_AGAIN_MS);
  }
}

async function jobOf(
  redis: RedisReader,
  queue: QueueAddress,
  [id, state]: readonly [id: string, state: QueueState],
  hash: SizedHash | 'wrong type',
): Promise<QueueJob | undefined> {
  if (hash === 'wrong type') return unreadableQueueJob(queue.name, id, state);
  if (hash.isGone) return undefined;
  const fields: Record<string, FieldValue> = { ...hash.shortFields };
  for await (const { values } of valuesOf(redis, [hash], PAGE_LIMITS)) {
    Object.assign(fields, values);
  }
  const [standing] = await standingsOf(redis, queue, [[id, state]]);
  return decodeQueueJob(queue.name, id, state, fields, standing);
}

/** The small fields of a hash, and how long the others are. */
interface SizedHash {
  key: string;
  shortFields: JobFields;
  /** In bytes. */
  lengths: Readonly<Record<string, number>>;
  isGone: boolean;
}

async function sizedHashes(
  redis: RedisReader,
  queue: QueueAddress,
  jobs: readonly (readonly [id: string, state: QueueState])[],
  longFields: readonly string[],
): Promise<(SizedHash | 'wrong type')[]> {
  const keys = jobs.map(([id]) => keyOf(queue, id));
  const answers = await replies(
    redis,
    keys.flatMap((key) => [
      ['hmget', key, ...SMALL_FIELDS],
      ...longFields.map((field) => ['hstrlen', key, field]),
    ]),
  );
  const width = 1 + longFields.length;
  const hashes = keys.map((key, at): SizedHash | 'wrong type' => {
    const [small, ...lengths] = answers.slice(at * width, (at + 1) * width);
    if (small === undefined) return 'wrong type';
    const values = small as (string | null)[];
    return {
      key,
      shortFields: Object.fromEntries(SMALL_FIELDS.map((field, n) => [field, values[n] ?? null])),
      lengths: Object.fromEntries(longFields.map((field, n) => [field, Number(lengths[n] ?? 0)])),
      isGone: values.every((value) => value === null) && lengths.every((length) => length === 0),
    };
  });
  // A hash may have other fields alone.
  const empty = hashes.filter((hash) => hash !== 'wrong type').filter(({ isGone }) => isGone);
  const isThere = await existing(
    redis,
    empty.map(({ key }) => key),
  );
  for (const hash of empty) hash.isGone = !isThere.has(hash.key);
  return hashes;
}

async function existing(redis: RedisReader, keys: readonly string[]): Promise<ReadonlySet<string>> {
  const answers = await replies(
    redis,
    keys.map((key) => ['exists', key]),
  );
  return new Set(keys.filter((_key, at) => answers[at] === 1));
}

function versionOf({ shortFields, lengths }: SizedHash): string {
  return `${String(shortFields.timestamp)} ${String(lengths.data)}`;
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
