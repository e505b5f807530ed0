import type { Gathering, ListRequest } from './collect.js';
import { gather, progressed } from './collect.js';
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
  const gathering: Gathering = {
    request,
    newest: new NewestJobs(request.offset + request.limit),
    total: 0,
    seen: 0,
    ids: await queue.ids(),
    live: new Map(),
  };
  await addLive(queue, gathering);
  if (records !== undefined) await addRecords(queue, records, gathering);
  const rows = gathering.newest.sorted().slice(request.offset);
  return {
    rows: records === undefined ? rows : await withRecords(rows, records),
    total: gathering.total,
    read: records === undefined ? 'nothing' : 'scan',
  };
}

async function addLive(queue: QueueSource, gathering: Gathering): Promise<void> {
  const { request, ids } = gathering;
  const pages =
    request.userId === undefined ? queue.read(ids) : queue.readOfUser(ids, request.userId);
  for await (const jobs of pages) {
    request.signal.throwIfAborted();
    for (const job of jobs) {
      gathering.live.set(job.id, { userId: job.userId, createdAt: job.createdAt });
      gather(gathering, rowOfJob(job, undefined));
    }
    progressed(gathering, jobs.length);
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
