import { instantOf } from '../instant.js';
import type { JobRecord } from '../job-record.js';
import { sortTimeOf } from '../job-record.js';
import type { QueueJob, QueueState } from './job.js';
import { statusOf } from './queue/layout.js';

/** A job as it is listed: what its sources come to together. */
export interface JobRow {
  id: string;
  queue: string;
  source: 'queue' | 'billing' | 'both';
  /** One of STATUSES, else what a billing record says, or `unknown`. */
  status: string;
  /** The state in the queue; `null` if the job is not, or no longer, in the queue. */
  state: QueueState | null;
  userId: string | null;
  /** 0 to 100. */
  progress: number | null;
  fileCount: number | null;
  createdAt: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  failedReason: string | null;
  /** What rows are sorted by, in ms: created, else completed, else the last call. */
  sortTimeMs: number | null;
  job: QueueJob | undefined;
  record: JobRecord | undefined;
}

/** Clocks of workers differ by so much, and no more. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Whether a billing record is that of the job in the queue. Ids begin at 1 again after a flush of the
 * queue: a record whose last call was before the job was made is that of an earlier job.
 */
export function isRecordOf(
  job: Pick<QueueJob, 'userId' | 'createdAt'>,
  record: JobRecord,
): boolean {
  if (job.userId !== null && record.userId !== null && job.userId !== record.userId) return false;
  if (job.createdAt === null) return true;
  const times = [record.timestamp, record.completedAt].map(instantOf);
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 || Math.max(...known) >= job.createdAt.getTime() - CLOCK_SKEW_MS;
}

/** The queue knows better than the record what becomes of a job. */
export function rowOfJob(job: QueueJob, record: JobRecord | undefined): JobRow {
  const status = statusOf(job.state);
  const createdMs = job.createdAt?.getTime();
  return {
    id: job.id,
    queue: job.queue,
    source: record === undefined ? 'queue' : 'both',
    status,
    state: job.state,
    userId: job.userId ?? record?.userId ?? null,
    progress: status === 'completed' ? 100 : job.progress,
    fileCount: job.files?.length ?? null,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt ?? (status === 'completed' ? dateOf(record?.completedAt) : null),
    failedReason: job.failedReason,
    sortTimeMs: createdMs ?? (record === undefined ? null : (sortTimeOf(record) ?? null)),
    job,
    record,
  };
}

/** A job that has left the queue: the record is all that is left of it. */
export function rowOfRecord(queue: string, record: JobRecord): JobRow {
  const status = statusText(record.status);
  return {
    id: record.jobId,
    queue,
    source: 'billing',
    status,
    state: null,
    userId: record.userId,
    progress: status === 'completed' ? 100 : null,
    fileCount: null,
    createdAt: null,
    startedAt: null,
    finishedAt: dateOf(record.completedAt),
    failedReason: null,
    sortTimeMs: sortTimeOf(record) ?? null,
    job: undefined,
    record,
  };
}

/** What a record says of itself, where it says anything. */
function statusText(status: string | null): string {
  return status === null || status.trim() === '' ? 'unknown' : status;
}

function dateOf(text: string | null | undefined): Date | null {
  const time = instantOf(text ?? null);
  return time === undefined ? null : new Date(time);
}
