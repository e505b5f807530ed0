import type { JobRecord } from '../job-record.js';
import type { QueueJob, QueueState } from './job.js';
import { NewestJobs } from './newest-jobs.js';
import type { JobFilter, JobRow } from './row.js';
import { hasPart, isRecordOf, matches, rowOfJob, rowOfRecord } from './row.js';
import { statusOf } from './queue/layout.js';
import type { JobSources, QueueSource, RecordSource } from './sources.js';

export interface ListRequest extends JobFilter {
  limit: number;
  /** The number of newest rows that are skipped. */
  offset: number;
  signal: AbortSignal;
  /** Called with the number of jobs and records that have been read. */
  onProgress: (count: number) => void;
}

export interface JobList {
  /** The newest first. */
  rows: JobRow[];
  /** The number of all rows that match. */
  total: number;
  /** The number of rows by status, of those that match but for their status. */
  counts: ReadonlyMap<string, number>;
  /** What was read of the billing records. */
  read: 'scan' | 'nothing';
}

/** What is kept of a job that may be listed. Only the rows of the page are read. */
interface Candidate extends Pick<JobRow, 'id' | 'userId' | 'status' | 'state' | 'sortTimeMs'> {
  /** Absent for a job of the queue that has not been read. */
  row?: JobRow;
}

/**
 * Lists the newest jobs of the queue and of the billing records together. A job that has both is one row:
 * its state is that of the queue, its cost that of the record. Of all jobs only the ids and the times are
 * in memory, and the rows that are returned.
 */
export async function listJobs(
  { queue, records }: JobSources,
  request: ListRequest,
): Promise<JobList> {
  const { userId, idPart, offset, limit, signal, onProgress } = request;
  const newest = new NewestJobs<Candidate>(offset + limit);
  const counts = new Map<string, number>();
  const ofAnyStatus = { ...request, statuses: undefined };
  let total = 0;
  let seen = 0;
  const count = (status: string, by: 1 | -1): void => {
    counts.set(status, (counts.get(status) ?? 0) + by);
  };
  const add = (candidate: Candidate): void => {
    if (!matches(ofAnyStatus, candidate)) return;
    const { status } = candidate;
    count(status, 1);
    if (request.statuses?.includes(status) === false) return;
    total += 1;
    newest.add(candidate);
  };
  const addRow = (row: JobRow): void => add({ ...row, row });
  const progressed = (count: number): void => {
    seen += count;
    onProgress(seen);
  };
  const ids = withPart(await queue.ids(), idPart);
  const live = new Map<string, Date | null>();
  const selected = userId === undefined ? [ids] : queue.ofUser(ids, userId);
  for await (const wanted of selected) {
    for await (const jobs of queue.created(wanted)) {
      signal.throwIfAborted();
      for (const { id, state, createdAt } of jobs) {
        live.set(id, createdAt);
        const sortTimeMs = createdAt?.getTime() ?? null;
        add({ id, userId: userId ?? null, status: statusOf(state), state, sortTimeMs });
      }
      progressed(jobs.length);
    }
  }
  if (records !== undefined) {
    /** Records of this user whose job, which is in the queue, does not name the user. */
    const unsure: JobRecord[] = [];
    /** Records that belong to the job of their id, unless that is of another user. */
    const likely: JobRecord[] = [];
    const recorded = new Set<string>();
    for await (const page of records.scan(userId)) {
      signal.throwIfAborted();
      for (const record of page) {
        const { jobId } = record;
        // A scan may return a key twice.
        if (recorded.has(jobId) || !hasPart(jobId, idPart)) continue;
        recorded.add(jobId);
        const createdAt = live.get(jobId);
        if (createdAt === undefined && userId !== undefined && ids.has(jobId)) unsure.push(record);
        else if (createdAt === undefined) addRow(rowOfRecord(queue.name, record));
        else if (!isRecordOf({ userId: userId ?? null, createdAt }, record)) {
          addRow(rowOfRecord(queue.name, record));
        } else if (userId === undefined && record.userId !== null) likely.push(record);
      }
      progressed(page.length);
    }
    for (const row of await rowsOf(unsure, queue, ids)) addRow(row);
    for (const row of await rowsOf(likely, queue, ids)) if (row.job === undefined) addRow(row);
  }
  const page = newest.sorted().slice(offset);
  const read = await withJobs(page, queue);
  const rows = read.filter((row) => row !== undefined);
  for (const [at, { status }] of page.entries()) if (read[at] === undefined) count(status, -1);
  total -= read.length - rows.length;
  if (records === undefined) return { rows, total, counts, read: 'nothing' };
  return { rows: await withRecords(rows, records), total, counts, read: 'scan' };
}

/** Returns the jobs that may be listed: what else is read, is read of these alone. */
function withPart(
  ids: ReadonlyMap<string, QueueState>,
  part: string | undefined,
): ReadonlyMap<string, QueueState> {
  return part === undefined ? ids : new Map([...ids].filter(([id]) => hasPart(id, part)));
}

/** Resolves to the rows of the candidates; `undefined` for a job that has left the queue meanwhile. */
async function withJobs(
  candidates: readonly Candidate[],
  queue: QueueSource,
): Promise<(JobRow | undefined)[]> {
  const wanted = candidates.flatMap(({ id, state, row }) =>
    row === undefined && state !== null ? [[id, state] as const] : [],
  );
  const jobs = new Map<string, QueueJob>();
  for await (const page of queue.read(wanted)) for (const job of page) jobs.set(job.id, job);
  return candidates.map(({ id, row }) => {
    if (row !== undefined) return row;
    const job = jobs.get(id);
    return job && rowOfJob(job, undefined);
  });
}

/** Resolves to a row for each record, with its job where the queue has that. */
async function rowsOf(
  records: readonly JobRecord[],
  queue: QueueSource,
  ids: ReadonlyMap<string, QueueState>,
): Promise<JobRow[]> {
  const byId = new Map(records.map((record) => [record.jobId, record]));
  const wanted = records.flatMap(({ jobId }) => {
    const state = ids.get(jobId);
    return state === undefined ? [] : [[jobId, state] as const];
  });
  const rows = new Map(records.map((record) => [record.jobId, rowOfRecord(queue.name, record)]));
  for await (const page of queue.read(wanted)) {
    for (const job of page) {
      const record = byId.get(job.id);
      if (record !== undefined && isRecordOf(job, record)) rows.set(job.id, rowOfJob(job, record));
    }
  }
  return [...rows.values()];
}

/** Resolves to one job with all that is known of it; `undefined` where neither source has it. */
export async function findJob(
  { queue, records }: JobSources,
  id: string,
): Promise<JobRow | undefined> {
  const [job, found] = await Promise.all([queue.find(id), records?.read([id])]);
  const record = found?.[0];
  if (job === undefined) return record && rowOfRecord(queue.name, record);
  return rowOfJob(job, record !== undefined && isRecordOf(job, record) ? record : undefined);
}

/** Resolves to the rows; those of the queue have their billing records. */
export async function withRecords(
  rows: readonly JobRow[],
  records: RecordSource,
): Promise<JobRow[]> {
  const ids = rows.filter(({ record }) => record === undefined).map(({ id }) => id);
  const found = await records.read(ids);
  const byId = new Map(ids.map((id, at) => [id, found[at]]));
  return rows.map((row) => {
    const record = byId.get(row.id);
    if (row.job === undefined || row.record !== undefined || record === undefined) return row;
    return isRecordOf(row.job, record) ? rowOfJob(row.job, record) : row;
  });
}
