import { isMangamotionError } from '../errors.js';
import type { RedisReader } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import { type Reply, builtCommand, judgeIndex, stateCommands, valueOf } from './job-index.js';
import { scanJobRecords, type ScanRequest } from './job-records.js';
import { USER_KEYS, USER_PREFIX } from './keys.js';

export interface JobIndexSummary {
  /** When the last build that came to its end began, as it lies in Redis; `null` for none. */
  builtAt: string | null;
  /** Users with a lifetime record. */
  users: number;
  /** Those of them whose index can be trusted. */
  trustedUsers: number;
  /** Jobs in the indexes that can be trusted. */
  jobs: number;
}

interface CountRequest {
  signal: AbortSignal;
  /** How many records have been read. */
  onProgress: (records: number) => void;
}

/** For how many users the index can be trusted. Reads alone. */
export async function summariseJobIndex(
  redis: RedisReader,
  { signal, onProgress }: CountRequest,
): Promise<JobIndexSummary> {
  const builtAt = await readBuiltAt(redis);
  // A scan may name a user twice.
  const seen = new Set<string>();
  const sums = { trustedUsers: 0, jobs: 0 };
  for await (const keys of scanKeys(redis, USER_KEYS, signal)) {
    const fresh = keys.filter((key) => {
      const name = key.toString('latin1');
      return !seen.has(name) && seen.add(name);
    });
    const states = fresh.map((key) => stateCommands(key.subarray(USER_PREFIX.length)));
    const replies = await readAll(redis, states.flat());
    for (const [at, { length }] of states.entries()) {
      const { reason, jobs } = judgeIndex(replies.slice(at * length, (at + 1) * length));
      if (reason !== undefined || builtAt === null) continue;
      sums.trustedUsers += 1;
      sums.jobs += jobs;
    }
    onProgress(seen.size);
  }
  return { builtAt, users: seen.size, ...sums };
}

async function readBuiltAt(redis: RedisReader): Promise<string | null> {
  const [built] = await readAll(redis, [builtCommand]);
  return built === undefined ? null : ((valueOf(built) ?? null) as string | null);
}

/** Who asks for the indexes is told that they may not be read; who asks for jobs goes without them. */
async function readAll(redis: RedisReader, commands: unknown[][]): Promise<Reply[]> {
  const replies = (await redis.pipeline(commands).exec()) ?? [];
  for (const [error] of replies) if (isMangamotionError(error, 'access_denied')) throw error;
  return replies;
}

/** What `jobs index` would put into indexes: jobs that name a user. One may be counted twice. */
export async function countIndexable(
  redis: RedisReader,
  { signal, onProgress, onProblem }: CountRequest & Pick<ScanRequest, 'onProblem'>,
): Promise<{ users: number; jobs: number }> {
  const users = new Set<string>();
  let jobs = 0;
  for await (const records of scanJobRecords(redis, { signal, onProblem })) {
    for (const { userId } of records) {
      if (userId === null) continue;
      users.add(userId);
      jobs += 1;
    }
    onProgress(jobs);
  }
  return { users: users.size, jobs };
}
