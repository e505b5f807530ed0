import type { JobRecord } from '../job-record.js';
import type { QueueJob, QueueState } from './job.js';
import { NewestJobs } from './newest-jobs.js';
import type { JobFilter, JobRow } from './row.js';
import { isRecordOf, matches, rowOfJob, rowOfRecord } from './row.js';
import type { JobSources, QueueSource, RecordSource } from './sources.js';
import { readWanted } from './sources.js';

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
  /** What was read of the billing records. */
  read: 'scan' | 'nothing';
}

/**
 * Lists the newest jobs of the queue and of the billing records together. A job that has both is one row:
 * its state is that of the queue, its cost that of the record. Of all jobs only the ids are in memory,
 * and the rows that may be returned.
 */
export async function listJobs(
  { queue, records }: JobSources,
  request: ListRequest,
): Promise<JobList> {
  const { userId, offset, limit, signal, onProgress } = request;
  const newest = new NewestJobs(offset + limit);
  let total = 0;
  let seen = 0;
  const add = (row: JobRow): void => {
    if (!matches(request, row)) return;
    total += 1;
    newest.add(row);
  };
  const progressed = (count: number): void => {
    seen += count;
    onProgress(seen);
  };
  const ids = await queue.ids();
  const live = new Map<string, Pick<QueueJob, 'userId' | 'createdAt'>>();
  for await (const jobs of readWanted(queue, ids, userId)) {
    signal.throwIfAborted();
    for (const job of jobs) {
      live.set(job.id, { userId: job.userId, createdAt: job.createdAt });
      add(rowOfJob(job, undefined));
    }
    progressed(jobs.length);
  }
  if (records === undefined) {
    return { rows: newest.sorted().slice(offset), total, read: 'nothing' };
  }
  /** Records of this user whose job, which is in the queue, does not name the user. */
  const unsure: JobRecord[] = [];
  const recorded = new Set<string>();
  for await (const page of records.scan(userId)) {
    signal.throwIfAborted();
    for (const record of page) {
      const { jobId } = record;
      // A scan may return a key twice.
      if (recorded.has(jobId)) continue;
      recorded.add(jobId);
      const job = live.get(jobId);
      if (job === undefined && userId !== undefined && ids.has(jobId)) unsure.push(record);
      else if (job === undefined || !isRecordOf(job, record)) add(rowOfRecord(queue.name, record));
    }
    progressed(page.length);
  }
  for (const row of await rowsOf(unsure, queue, ids)) add(row);
  const rows = newest.sorted().slice(offset);
  return { rows: await withRecords(rows, records), total, read: 'scan' };
}

/** Resolves to a row for each record, with its job where the queue has that. */
async function rowsOf(
  records: readonly JobRecord[],
  queue: QueueSource,
  ids: ReadonlyMap<string, QueueState>,
): Promise<JobRow[]> {
  const wanted = records.flatMap(({ jobId }) => {
    const state = ids.get(jobId);
    return state === undefined ? [] : [[jobId, state] as const];
  });
  const jobs = new Map<string, QueueJob>();
  for await (const page of queue.read(wanted)) for (const job of page) jobs.set(job.id, job);
  return records.map((record) => {
    const job = jobs.get(record.jobId);
    const isOwn = job !== undefined && isRecordOf(job, record);
    return isOwn ? rowOfJob(job, record) : rowOfRecord(queue.name, record);
  });
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
