import type { EventEntry } from '../../jobs/queue/events.js';
import type { Touch } from './changes.js';

/** Jobs by their ids, in the order of their latest events. */
export type Touched = Map<string, Touch>;

/** Events of the whole queue after which the jobs have to be listed again. */
const OF_ALL_JOBS = new Set(['paused', 'resumed', 'cleaned', 'obliterated']);

export function isOfAllJobs({ event }: EventEntry): boolean {
  return OF_ALL_JOBS.has(event);
}

/** Adds the job of an event, behind the others. An event of no job adds nothing. */
export function touch(touched: Touched, { id, event, jobId }: EventEntry): void {
  if (jobId === null) return;
  const ending = event === 'completed' || event === 'failed' ? event : undefined;
  touched.delete(jobId);
  touched.set(jobId, { eventId: id, ending });
}

/** Returns both together; of a job that is in both, the later touch counts. */
export function inOrder(earlier: Touched, later: Touched): Touched {
  const all = new Map(earlier);
  for (const [id, one] of later) {
    all.delete(id);
    all.set(id, one);
  }
  return all;
}
