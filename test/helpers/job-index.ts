import type { Redis } from 'ioredis';
import { buildJobIndex } from '../../src/billing/job-index-build.js';
import { openJobIndex } from '../../src/billing/job-index.js';
import { readJobRecords, scanJobRecords } from '../../src/billing/job-records.js';
import type { JobRecord } from '../../src/job-record.js';

const NEVER = new AbortController().signal;
const NO_PROGRESS = { start: () => undefined, update: () => undefined, warn: () => undefined };

/** Told of a key that holds no hash, where a test has none. */
export const noProblem = ({ key }: { key: string }): never => {
  throw new Error(`${key} is a problem`);
};

/** `jobs index`, without waiting for writers that are between two commands. */
export async function build(
  redis: Redis,
  more: Partial<Parameters<typeof buildJobIndex>[1]> = {},
): Promise<{ removed: number }> {
  return await buildJobIndex(redis, {
    ...{ now: new Date(), retentionDays: 90, signal: NEVER, progress: NO_PROGRESS },
    ...{ onProblem: noProblem, settleMs: 0, ...more },
  });
}

/** Why the index of a user is not trusted; `undefined` where it is. */
export async function distrust(redis: Redis, userId: string): Promise<string | undefined> {
  const index = await openJobIndex(redis, userId);
  return index.trusted ? undefined : index.reason;
}

/** The records of a user by a trusted index, the newest first; `undefined` where it is not trusted. */
export async function indexed(redis: Redis, userId: string): Promise<JobRecord[] | undefined> {
  const index = await openJobIndex(redis, userId);
  if (!index.trusted) return undefined;
  const ids = await index.page(0, index.count());
  const records = await readJobRecords(redis, ids, { onProblem: noProblem });
  return records.flatMap((record) => (record?.userId === userId ? [record] : []));
}

/** The same by reading every record there is; in any order. */
export async function scanned(redis: Redis, userId?: string): Promise<JobRecord[]> {
  const found = new Map<string, JobRecord>();
  const request = { userId, signal: NEVER, onProblem: noProblem };
  for await (const page of scanJobRecords(redis, request)) {
    for (const record of page) found.set(record.jobId, record);
  }
  return [...found.values()];
}
