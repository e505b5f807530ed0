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

/** The rows and counts that a listing collects while it reads jobs. */
export interface JobCollection {
  request: ListRequest;
  newest: NewestJobs;
  total: number;
  seen: number;
  /** All ids in the queue. `live` holds those of them that were read. */
  ids: ReadonlyMap<string, QueueState>;
  live: Map<string, Pick<QueueJob, 'userId' | 'createdAt'>>;
}

/** Adds a row if it matches the request. */
export function addRow(collection: JobCollection, row: JobRow): void {
  if (!matches(collection.request, row)) return;
  collection.total += 1;
  collection.newest.add(row);
}

export function reportProgress(collection: JobCollection, count: number): void {
  collection.seen += count;
  collection.request.onProgress(collection.seen);
}
