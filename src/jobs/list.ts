import type { JobCollection, ListRequest } from './collect.js';
import { addRow, reportProgress } from './collect.js';
import { NewestJobs } from './newest-jobs.js';
import { addRecords } from './records.js';
import type { JobRow } from './row.js';
import { isRecordOf, rowOfJob } from './row.js';
import type { JobSources, QueueSource, RecordSource } from './sources.js';

export interface JobList {
  /** Newest first. */
  rows: JobRow[];
  /** How many match. */
  total: number;
  /** What was read of the billing records. */
  read: 'scan' | 'nothing';
}

/**
 * The newest jobs of the queue and of the billing records together. A job that has both is one row:
 * the queue tells its state, the record its cost. In memory are the rows that are asked for, and the
 * ids.
 */
export async function listJobs(sources: JobSources, request: ListRequest): Promise<JobList> {
  const { queue, records } = sources;
  const collection: JobCollection = {
    request,
    newest: new NewestJobs(request.offset + request.limit),
    total: 0,
    seen: 0,
    ids: await queue.ids(),
    live: new Map(),
  };
  await addLive(queue, collection);
  if (records !== undefined) await addRecords(queue, records, collection);
  const rows = collection.newest.sorted().slice(request.offset);
  return {
    rows: records === undefined ? rows : await withRecords(rows, records),
    total: collection.total,
    read: records === undefined ? 'nothing' : 'scan',
  };
}

async function addLive(queue: QueueSource, collection: JobCollection): Promise<void> {
  const { request, ids } = collection;
  const pages =
    request.userId === undefined ? queue.read(ids) : queue.readOfUser(ids, request.userId);
  for await (const jobs of pages) {
    request.signal.throwIfAborted();
    for (const job of jobs) {
      collection.live.set(job.id, { userId: job.userId, createdAt: job.createdAt });
      addRow(collection, rowOfJob(job, undefined));
    }
    reportProgress(collection, jobs.length);
  }
}

/** The rows, those of the queue with their billing records. */
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
