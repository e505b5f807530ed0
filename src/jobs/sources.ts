import type { JobRecord } from '../job-record.js';
import type { QueueJob, QueueState } from './job.js';

/** Where jobs are read from: passed to this feature, so that it knows nothing of prices. */
export interface JobSources {
  queue: QueueSource;
  /** `undefined` for a queue to which the billing records do not belong. */
  records: RecordSource | undefined;
}

export interface QueueSource {
  name: string;
  /** All jobs that are in the queue now, with their states. */
  ids(): Promise<ReadonlyMap<string, QueueState>>;
  /** Yields the jobs, without those that were removed meanwhile. */
  read(wanted: Wanted): AsyncIterable<QueueJob[]>;
  /** Those of them whose data names the user. */
  readOfUser(wanted: Wanted, userId: string): AsyncIterable<QueueJob[]>;
  /** Resolves to the job with all that is known of it. */
  find(id: string): Promise<QueueJob | undefined>;
}

export type Wanted = Iterable<readonly [string, QueueState]>;

export interface RecordSource {
  /** Every record, or every one of a user; some of them twice. */
  scan(userId: string | undefined): AsyncIterable<JobRecord[]>;
  read(ids: readonly string[]): Promise<(JobRecord | undefined)[]>;
  /** The index of a user's records, or why it cannot be relied on. */
  index(userId: string): Promise<RecordIndex>;
}

export type RecordIndex =
  | {
      trusted: true;
      /** How many ids there are in it. */
      count(): number;
      /** Ids, newest first; some of them of records that are gone, or another user's. */
      page(from: number, count: number): Promise<string[]>;
      /** The places of ids in that order; `null` for one that is not in it. */
      positions(ids: readonly string[]): Promise<(number | null)[]>;
    }
  | { trusted: false; reason: string };
