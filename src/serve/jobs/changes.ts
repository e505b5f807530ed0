import { withRecords } from '../../jobs/list.js';
import { findStates } from '../../jobs/queue/ids.js';
import type { JobRow } from '../../jobs/row.js';
import { isRecordOf, rowOfJob } from '../../jobs/row.js';
import { rowAfter } from '../../jobs/watch.js';
import type { JobAccess } from '../../reports/jobs/access.js';

/** How the queue says that a job has ended. */
export type Ending = 'completed' | 'failed';

/** A job of which an event has come. */
export interface Touch {
  /** The id of its latest event; `undefined` where there was none. */
  eventId: string | undefined;
  /** What the latest event says of its end. */
  ending: Ending | undefined;
}

/** A job as it is now, and as it was when it was last read. */
export interface Change {
  id: string;
  eventId: string | undefined;
  /** `undefined`: it was never read. */
  before: JobRow | undefined;
  /** `undefined`: it is gone, and nothing is recorded of it. */
  row: JobRow | undefined;
  /** How it has ended, if it is gone since. */
  ending: Ending | undefined;
  /** Its billing record may follow. */
  awaitsRecord: boolean;
}

/** Resolves to the changes of the jobs, in their order. */
export async function readChanges(
  access: JobAccess,
  touched: ReadonlyMap<string, Touch>,
  lastRow: (id: string) => JobRow | undefined,
): Promise<Change[]> {
  if (touched.size === 0) return [];
  const { queue, records } = access.sources;
  const states = await findStates(access.redis, access.queue, [...touched.keys()]);
  const there: JobRow[] = [];
  for await (const page of queue.read(states)) {
    for (const job of page) there.push(rowOfJob(job, undefined));
  }
  const rows = new Map<string, JobRow>();
  const complete = records === undefined ? there : await withRecords(there, records);
  for (const row of complete) rows.set(row.id, row);
  const gone = [...touched.keys()].filter((id) => !rows.has(id));
  for (const record of (await records?.read(gone)) ?? []) {
    if (record === undefined) continue;
    const before = lastRow(record.jobId);
    const isEarlierJob = before?.job !== undefined && !isRecordOf(before.job, record);
    if (!isEarlierJob) rows.set(record.jobId, rowAfter(before, record, queue.name));
  }
  return [...touched].map(([id, { eventId, ending }]) => {
    const before = lastRow(id);
    const row = rows.get(id);
    if (row !== undefined || ending === undefined)
      return { id, eventId, before, row, ending: undefined, awaitsRecord: false };
    const awaitsRecord = records !== undefined;
    return { id, eventId, before, row: before && ended(before, ending), ending, awaitsRecord };
  });
}

function ended(row: JobRow, ending: Ending): JobRow {
  return { ...row, status: ending, state: null, progress: ending === 'completed' ? 100 : null };
}
