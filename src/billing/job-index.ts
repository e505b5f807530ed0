import { isMangamotionError } from '../errors.js';
import { isWrongType } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { COPIED_FIELDS } from './job-index-script.js';
import { INDEX_JOBS_PREFIX, INDEX_MARKER, INDEX_STATE_PREFIX, userKey } from './keys.js';

/**
 * The index of a user's jobs: a sorted set of job ids, by `sortTimeOf` of their records. `jobs index`
 * builds it and the tracker keeps it, but a writer that does not know of it may run beside them. So it
 * is used only where it is proved to hold every job:
 *
 * - Beside it lies its state, with a copy of the user's lifetime record, which the tracker raises in
 *   the step in which it counts. A writer that does not know of the index raises the record alone,
 *   before it writes the job, and copy and record differ from then on.
 * - The record has a mark that was written with the copy. A record that was removed and counted anew
 *   has none, though its figures may be those of the copy. Without a record nothing is proved.
 * - The state has the number of jobs in the index: it tells an index that was evicted or deleted.
 * - `jobs index` copies the records first, then waits for writers that are between two commands, then
 *   reads all jobs, and marks complete what it copied last of all.
 * - A user whom nobody knew before begins with a complete index. Who was reset is known by the index
 *   and by its state, which remain, though one of them be evicted; whom an old writer has served since
 *   `jobs index`, by the counters of days. So a new user is only believed in for 60 days after that.
 *
 * The index can hold more than the user's jobs: ids whose record has expired, was removed or became
 * another user's. Whoever reads it leaves out those whose record does not name the user.
 *
 * Three things leave no trace: a job for which an old writer has counted nothing but zeros (it is in the
 * queue, and its end counts); records that are put in by hand; and the loss of both keys of a user who
 * was reset, where Redis may evict keys that do not expire. An old writer that ends a job in the name
 * of another user leaves its old place in the order.
 */
export interface JobIndex {
  trusted: true;
  /** How many jobs it holds; some of them may be gone. */
  count(): number;
  /** Ids, the newest first; those of the same time in falling order of their bytes. */
  page(offset: number, count: number): Promise<string[]>;
  /** The places of ids in that order; `null` for one that it does not hold. */
  positions(ids: readonly string[]): Promise<(number | null)[]>;
}

export interface UntrustedIndex {
  trusted: false;
  /** For people, in a few words. */
  reason: string;
}

/** A call that is counted between two commands of the reader looks like an old writer's. */
const ATTEMPTS = 2;

/**
 * The index of a user, where it can be trusted. A user of Redis without rights to it is told that it
 * cannot; rejects with `unreachable` alone.
 */
export async function openJobIndex(
  redis: RedisReader,
  userId: string,
): Promise<JobIndex | UntrustedIndex> {
  let reason: string | undefined;
  let jobs = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const replies = await redis.pipeline([builtCommand, ...stateCommands(userId)]).exec();
    const [built, ...state] = replies ?? [];
    if (built === undefined || !isThere(valueOf(built))) {
      return { trusted: false, reason: 'there is none' };
    }
    ({ reason, jobs } = judgeIndex(state));
    if (reason === undefined) break;
  }
  if (reason !== undefined) return { trusted: false, reason };
  const key = INDEX_JOBS_PREFIX + userId;
  return {
    trusted: true,
    count: () => jobs,
    page: async (offset, count) => {
      if (count < 1) return [];
      return (await redis.call('ZREVRANGE', key, offset, offset + count - 1)) as string[];
    },
    positions: async (ids) => {
      const replies = await redis.pipeline(ids.map((id) => ['zrevrank', key, id])).exec();
      return (replies ?? []).map(([error, place]) => {
        if (error !== null) throw error;
        return place as number | null;
      });
    },
  };
}

export type Reply = [Error | null, unknown];

/** Whether indexes were ever built to the end. */
export const builtCommand = ['hget', INDEX_MARKER, 'since'];

/** What `judgeIndex` wants to know of a user, in a pipeline: the state is read before the record. */
export function stateCommands(userId: string | Buffer): (string | Buffer)[][] {
  return [
    ['hmget', withId(INDEX_STATE_PREFIX, userId), 'complete', 'jobs', ...COPIED_FIELDS],
    ['hmget', withId(userKey(''), userId), ...COPIED_FIELDS],
    ['zcard', withId(INDEX_JOBS_PREFIX, userId)],
  ];
}

function withId(prefix: string, id: string | Buffer): string | Buffer {
  return typeof id === 'string' ? prefix + id : Buffer.concat([Buffer.from(prefix), id]);
}

/** Why an index is not to be trusted, `undefined` where it is; and how many jobs it holds. */
export function judgeIndex(replies: readonly Reply[]): {
  reason: string | undefined;
  jobs: number;
} {
  const [state, record, jobs] = replies.map(valueOf);
  if (!Array.isArray(state) || !Array.isArray(record) || typeof jobs !== 'number') {
    return { reason: 'it cannot be read', jobs: 0 };
  }
  const [complete, count, ...copy] = state as unknown[];
  const isCopy = copy.every((value, at) => value === record[at]);
  const reason =
    complete !== '1'
      ? 'it is not complete'
      : !isCopy
        ? 'a writer that does not keep it has counted'
        : count !== String(jobs)
          ? 'a part of it is missing'
          : undefined;
  return { reason, jobs };
}

/** `undefined` for a key of another type, or one that may not be read. */
export function valueOf([error, value]: Reply): unknown {
  if (error === null) return value;
  if (isWrongType(error) || isMangamotionError(error, 'access_denied')) return undefined;
  throw error;
}

function isThere(value: unknown): boolean {
  return value !== null && value !== undefined;
}
