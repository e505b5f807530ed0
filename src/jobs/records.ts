import type { JobRecord } from '../job-record.js';
import { sortTimeOf } from '../job-record.js';
import type { QueueJob } from './job.js';
import type { Gathering } from './collect.js';
import { gather, progressed } from './collect.js';
import { isRecordOf, rowOfJob, rowOfRecord } from './row.js';
import type { QueueSource, RecordIndex, RecordSource } from './sources.js';

/** Members of an index that are read at once. */
const INDEX_PAGE = 200;

/** Adds the rows of all records that are not those of a job that was read from the queue. */
export async function addScanned(
  queue: QueueSource,
  records: RecordSource,
  gathering: Gathering,
): Promise<void> {
  const { request } = gathering;
  const seen = new Set<string>();
  const unsure: JobRecord[] = [];
  for await (const page of records.scan(request.userId)) {
    request.signal.throwIfAborted();
    for (const record of page) {
      // A scan may name a key twice.
      if (seen.has(record.jobId)) continue;
      seen.add(record.jobId);
      consider(queue, record, gathering, unsure);
    }
    progressed(gathering, page.length);
  }
  await addUnsure(queue, unsure, gathering);
}

/**
 * The same of one user by the index, the newest ones first, and no more of them than it takes. Of
 * the rest it counts the members: some at the old end may have expired, and are left out.
 */
export async function addIndexed(
  queue: QueueSource,
  records: RecordSource,
  index: RecordIndex & { trusted: true },
  gathering: Gathering,
): Promise<void> {
  const { request, newest } = gathering;
  const needsAll = request.statuses !== undefined || request.until !== undefined;
  const unsure: JobRecord[] = [];
  for (let from = 0; ; from += INDEX_PAGE) {
    request.signal.throwIfAborted();
    const ids = await index.page(from, INDEX_PAGE);
    const page = await readSome(records, ids, request.userId);
    for (const record of page) consider(queue, record, gathering, unsure);
    progressed(gathering, ids.length);
    if (ids.length < INDEX_PAGE) break;
    const oldest = page.at(-1);
    const oldestMs = oldest && sortTimeOf(oldest);
    if (oldestMs === undefined) continue;
    if (request.since !== undefined) {
      if (oldestMs < request.since.getTime()) break;
    } else if (!needsAll && newest.isAllNewerThan(oldestMs)) {
      gathering.total += await countRest(records, index, from + INDEX_PAGE, gathering);
      break;
    }
  }
  await addUnsure(queue, unsure, gathering);
}

/** How many rows the members of the index from this one on would make. */
async function countRest(
  records: RecordSource,
  index: RecordIndex & { trusted: true },
  from: number,
  { live, request }: Gathering,
): Promise<number> {
  const count = index.count();
  let rest = count - from;
  // Those that have expired are the oldest ones.
  for (let end = count; end > from; end -= INDEX_PAGE) {
    const start = Math.max(from, end - INDEX_PAGE);
    const ids = await index.page(start, end - start);
    const gone = ids.length - (await readSome(records, ids, request.userId)).length;
    rest -= gone;
    if (gone === 0) break;
  }
  // Those of jobs that are in the queue have been counted there.
  const ids = [...live.keys()];
  const own = await readSome(records, ids, request.userId);
  const inRest = await index.positions(own.map(({ jobId }) => jobId));
  for (const [at, record] of own.entries()) {
    const job = live.get(record.jobId);
    const position = inRest[at] ?? null;
    if (job === undefined || position === null || position < from) continue;
    if (isRecordOf(job, record)) rest -= 1;
  }
  return Math.max(0, rest);
}

async function readSome(
  records: RecordSource,
  ids: readonly string[],
  userId: string | undefined,
): Promise<JobRecord[]> {
  const found = await records.read(ids);
  return found.filter((record): record is JobRecord => record?.userId === userId);
}

function consider(
  queue: QueueSource,
  record: JobRecord,
  gathering: Gathering,
  unsure: JobRecord[],
): void {
  const { ids, live, request } = gathering;
  const job = live.get(record.jobId);
  if (job !== undefined) {
    if (isRecordOf(job, record)) return;
  } else if (request.userId !== undefined && ids.has(record.jobId)) {
    // The data of the job does not name this user, but the record does.
    unsure.push(record);
    return;
  }
  gather(gathering, rowOfRecord(queue.name, record));
}

async function addUnsure(
  queue: QueueSource,
  unsure: readonly JobRecord[],
  gathering: Gathering,
): Promise<void> {
  const wanted = unsure.flatMap(({ jobId }) => {
    const state = gathering.ids.get(jobId);
    return state === undefined ? [] : [[jobId, state] as const];
  });
  const jobs = new Map<string, QueueJob>();
  for await (const page of queue.read(wanted)) for (const job of page) jobs.set(job.id, job);
  for (const record of unsure) {
    const job = jobs.get(record.jobId);
    const isOwn = job !== undefined && isRecordOf(job, record);
    gather(gathering, isOwn ? rowOfJob(job, record) : rowOfRecord(queue.name, record));
  }
}
