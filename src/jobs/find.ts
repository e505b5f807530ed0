import type { JobRow } from './row.js';
import { isRecordOf, rowOfJob, rowOfRecord } from './row.js';
import type { JobSources } from './sources.js';

/** One job, with all that is known of it; `undefined` where neither source has it. */
export async function findJob(
  { queue, records }: JobSources,
  id: string,
): Promise<JobRow | undefined> {
  const [job, found] = await Promise.all([queue.find(id), records?.read([id])]);
  const record = found?.[0];
  if (job === undefined) return record && rowOfRecord(queue.name, record);
  return rowOfJob(job, record !== undefined && isRecordOf(job, record) ? record : undefined);
}
