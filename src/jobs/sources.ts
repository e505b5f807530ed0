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
  /** Yields when the jobs were created, without those that were removed meanwhile. */
  created(wanted: Wanted): AsyncIterable<CreatedJob[]>;
  /** Yields the rows of the jobs, without those that were removed meanwhile. */
  read(wanted: Wanted): AsyncIterable<QueueJob[]>;
  /** Yields the wanted jobs whose data name the user. */
  ofUser(
    wanted: Wanted,
    userId: string,
  ): AsyncIterable<(readonly [id: string, state: QueueState])[]>;
  /** Resolves to the job with all that is known of it. */
  find(id: string): Promise<QueueJob | undefined>;
}

/** Jobs by their ids, with the states in which they were listed. */
export type Wanted = Iterable<readonly [id: string, state: QueueState]>;

/** What is read of every job of a queue. */
export type CreatedJob = Pick<QueueJob, 'id' | 'state' | 'createdAt'>;

export interface RecordSource {
  /** Yields all records, or all of a user. A record may be yielded twice. */
  scan(userId: string | undefined): AsyncIterable<JobRecord[]>;
  /** Resolves to the records in the order of the ids. */
  read(ids: readonly string[]): Promise<(JobRecord | undefined)[]>;
}
