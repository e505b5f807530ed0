import type { JobRecord } from '../job-record.js';
import type { QueueJob } from './job.js';
import type { JobCollection } from './collect.js';
import { addRow, reportProgress } from './collect.js';
import { isRecordOf, rowOfJob, rowOfRecord } from './row.js';
import type { QueueSource, RecordSource } from './sources.js';

/** Adds the rows of all records that are not those of a job that was read from the queue. */
export async function addRecords(
  queue: QueueSource,
  records: RecordSource,
  collection: JobCollection,
): Promise<void> {
  const { request } = collection;
  const seen = new Set<string>();
  const unsure: JobRecord[] = [];
  for await (const page of records.scan(request.userId)) {
    request.signal.throwIfAborted();
    for (const record of page) {
      // A scan may name a key twice.
      if (seen.has(record.jobId)) continue;
      seen.add(record.jobId);
      consider(queue, record, collection, unsure);
    }
    reportProgress(collection, page.length);
  }
  await addUnsure(queue, unsure, collection);
}

function consider(
  queue: QueueSource,
  record: JobRecord,
  collection: JobCollection,
  unsure: JobRecord[],
): void {
  const { ids, live, request } = collection;
  const job = live.get(record.jobId);
  if (job !== undefined) {
    if (isRecordOf(job, record)) return;
  } else if (request.userId !== undefined && ids.has(record.jobId)) {
    // The data of the job does not name this user, but the record does.
    unsure.push(record);
    return;
  }
  addRow(collection, rowOfRecord(queue.name, record));
}

async function addUnsure(
  queue: QueueSource,
  unsure: readonly JobRecord[],
  collection: JobCollection,
): Promise<void> {
  const wanted = unsure.flatMap(({ jobId }) => {
    const state = collection.ids.get(jobId);
    return state === undefined ? [] : [[jobId, state] as const];
  });
  const jobs = new Map<string, QueueJob>();
  for await (const page of queue.read(wanted)) for (const job of page) jobs.set(job.id, job);
  for (const record of unsure) {
    const job = jobs.get(record.jobId);
    const isOwn = job !== undefined && isRecordOf(job, record);
    addRow(collection, isOwn ? rowOfJob(job, record) : rowOfRecord(queue.name, record));
  }
}
