import type { Redis } from 'ioredis';
import { scanJobRecords } from '../../src/billing/job-records.js';
import type { JobRecord } from '../../src/job-record.js';

const NEVER = new AbortController().signal;

/** For a test that has no key without a hash. */
export const noProblem = ({ key }: { key: string }): never => {
  throw new Error(`${key} is a problem`);
};

/** Every record, or those of a user, once each and in any order. */
export async function scanned(redis: Redis, userId?: string): Promise<JobRecord[]> {
  const found = new Map<string, JobRecord>();
  const request = { userId, signal: NEVER, onProblem: noProblem };
  for await (const page of scanJobRecords(redis, request)) {
    for (const record of page) found.set(record.jobId, record);
  }
  return [...found.values()];
}
