import type { JobFilter } from './filter.js';
import { matches } from './filter.js';
import type { QueueJob, QueueState } from './job.js';
import type { NewestJobs } from './newest-jobs.js';
import type { JobRow } from './row.js';

export interface ListRequest extends JobFilter {
  limit: number;
  /** Rows that are passed over, the newest ones. */
  offset: number;
  signal: AbortSignal;
  /** How many jobs and records have been looked at. */
  onProgress: (count: number) => void;
}

/** What is gathered while jobs are read. */
export interface Gathering {
  request: ListRequest;
  newest: NewestJobs;
  total: number;
  seen: number;
  /** All that are in the queue; of them those that were read. */
  ids: ReadonlyMap<string, QueueState>;
  live: Map<string, Pick<QueueJob, 'userId' | 'createdAt'>>;
}

/** Adds a row, if it is asked for. */
export function gather(gathering: Gathering, row: JobRow): void {
  if (!matches(gathering.request, row)) return;
  gathering.total += 1;
  gathering.newest.add(row);
}

export function progressed(gathering: Gathering, count: number): void {
  gathering.seen += count;
  gathering.request.onProgress(gathering.seen);
}
