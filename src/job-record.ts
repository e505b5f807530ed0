import { instantOf } from './instant.js';

/** The billing record of a job, in the texts in which it lies in Redis; `null` for absent ones. */
export interface JobRecord {
  jobId: string;
  userId: string | null;
  status: string | null;
  /** RFC 3339: the last call, and the end. */
  timestamp: string | null;
  completedAt: string | null;
  bytes: string | null;
  seconds: string | null;
}

/**
 * By what records are sorted, in milliseconds of Unix time: the end, else the last call. `undefined`
 * where neither is a time.
 */
export function sortTimeOf({
  completedAt,
  timestamp,
}: Pick<JobRecord, 'completedAt' | 'timestamp'>): number | undefined {
  return instantOf(completedAt) ?? instantOf(timestamp);
}
