import type { JobRecord } from '../job-record.js';
import type { QueueJob, QueueState } from './job.js';

/** The sources of jobs. They are passed to this feature, so that it does not depend on billing. */
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
  /** Yields the wanted jobs whose data names the user. */
  readOfUser(wanted: Wanted, userId: string): AsyncIterable<QueueJob[]>;
  /** Resolves to the job with all that is known of it. */
  find(id: string): Promise<QueueJob | undefined>;
}

export type Wanted = Iterable<readonly [string, QueueState]>;

export interface RecordSource {
  /** Every record, or every one of a user; some of them twice. */
  scan(userId: string | undefined): AsyncIterable<JobRecord[]>;
  read(ids: readonly string[]): Promise<(JobRecord | undefined)[]>;
}
