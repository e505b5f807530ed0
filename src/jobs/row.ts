import { instantOf } from '../instant.js';
import type { JobRecord } from '../job-record.js';
import { sortTimeOf } from '../job-record.js';
import type { QueueJob, QueueState } from './job.js';
import { statusOf } from './queue/layout.js';

/** A job as it is listed: what its sources know of it, together. */
export interface JobRow {
  id: string;
  queue: string;
  source: 'queue' | 'billing' | 'both';
  /** One of STATUSES, another status of a billing record, or `unknown`. */
  status: string;
  /** The state in the queue; `null` if the job is not, or no longer, in the queue. */
  state: QueueState | null;
  userId: string | null;
  /** A percentage as it was reported; 100 for a completed job. */
  progress: number | null;
  fileCount: number | null;
  createdAt: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  failedReason: string | null;
  /** Rows are sorted by this, in ms: when the job was created, else completed, else last tracked. */
  sortTimeMs: number | null;
  job: QueueJob | undefined;
  record: JobRecord | undefined;
}

/** The maximum difference between the clocks of workers. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Whether a billing record belongs to the job in the queue. Ids begin at 1 again after the queue was
 * flushed: a record that was last tracked before the job was created belongs to an earlier job.
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

/** Returns the row of a job. Where queue and record differ, the queue is right. */
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
    fileCount: job.fileCount,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt ?? (status === 'completed' ? dateOf(record?.completedAt) : null),
    failedReason: job.failedReason,
    sortTimeMs: createdMs ?? (record === undefined ? null : (sortTimeOf(record) ?? null)),
    job,
    record,
  };
}

/** Returns the row of a job that has left the queue. */
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

function statusText(status: string | null): string {
  return status === null || status.trim() === '' ? 'unknown' : status;
}

function dateOf(text: string | null | undefined): Date | null {
  const time = instantOf(text ?? null);
  return time === undefined ? null : new Date(time);
}

/** Selects jobs. `undefined` selects all. */
export interface JobFilter {
  userId: string | undefined;
  /** A part of the id, or all of it, in upper or lower case. */
  idPart?: string | undefined;
  statuses: readonly string[] | undefined;
  /** States in the queue: a job that has left it has none. */
  states: readonly QueueState[] | undefined;
  /** The first and the last time that rows are sorted by, both included. */
  since: Date | undefined;
  until: Date | undefined;
}

/** Whether a row is selected. A row without any time is in no period. */
export function matches(
  { userId, idPart, statuses, states, since, until }: JobFilter,
  row: Pick<JobRow, 'id' | 'userId' | 'status' | 'state' | 'sortTimeMs'>,
): boolean {
  if (!hasPart(row.id, idPart)) return false;
  if (userId !== undefined && row.userId !== userId) return false;
  if (statuses !== undefined && !statuses.includes(row.status)) return false;
  if (states !== undefined && (row.state === null || !states.includes(row.state))) return false;
  if (since === undefined && until === undefined) return true;
  const time = row.sortTimeMs;
  if (time === null) return false;
  return (
    (since === undefined || time >= since.getTime()) &&
    (until === undefined || time <= until.getTime())
  );
}

export function hasPart(id: string, part: string | undefined): boolean {
  return part === undefined || id.toLowerCase().includes(part.toLowerCase());
}

/** The durations of a job in seconds; `null` where one of the two times is not known. */
export interface JobDurations {
  /** The time from its creation until it was started, or until now. */
  waited: number | null;
  /** The time from the start of its last attempt to its end, or until now. */
  ran: number | null;
}

export function durationsOf(row: JobRow, now: Date): JobDurations {
  const { createdAt, startedAt, finishedAt, status } = row;
  const waits = status === 'pending' ? now : null;
  const runs = status === 'processing' ? now : null;
  return {
    waited: secondsBetween(createdAt, startedAt ?? waits),
    ran: secondsBetween(startedAt, finishedAt ?? runs),
  };
}

/** Never negative, although the clocks of two machines can disagree. */
function secondsBetween(from: Date | null, to: Date | null): number | null {
  if (from === null || to === null) return null;
  return Math.max(0, (to.getTime() - from.getTime()) / 1000);
}
