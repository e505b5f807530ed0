import { setTimeout as delay } from 'node:timers/promises';
import type { JobFilter } from '../../../jobs/row.js';
import type { JobChange } from '../../../jobs/watch.js';
import { JobWatch, priced } from '../../../jobs/watch.js';
import type { CommandContext } from '../../argv/command.js';
import type { ChosenQueues, JobAccess } from '../../../reports/jobs/access.js';
import { withConnections } from './connected.js';
import type { JobsView } from './jobs-view.js';
import { jobsView } from './jobs-view.js';
import { listed } from '../../../reports/jobs/documents.js';
import { unreadFor, unreadText } from '../../../reports/jobs/unread.js';
import { askForWorkers, noWorkerText } from '../../../reports/jobs/workers.js';

export interface WatchRequest {
  queues: ChosenQueues;
  intervalMs: number;
  filter: JobFilter;
}

/** Shows jobs until the signal, or until nobody reads any more. */
export async function watchJobs(
  context: CommandContext,
  { queues, intervalMs, filter }: WatchRequest,
): Promise<void> {
  let watch: JobWatch | undefined;
  const view = await jobsView(context, { queue: queues.queue, intervalMs });
  const looking = view.untilLeft(async (signal) => {
    await withConnections({ ...context, signal }, queues, {
      onLost: (error) => view.lost(error),
      onRefused: (error) => view.withoutEvents(error),
      work: async ({ jobsContext, feed, hasRead }) => {
        // After an outage what was known is compared with what is there now.
        if (watch === undefined) {
          const begun = new JobWatch(jobsContext.sources, filter, signal);
          await showChanges(view, jobsContext, begun, await begun.begin(), filter);
          watch = begun;
        } else {
          watch.use(jobsContext.sources);
          await showChanges(view, jobsContext, watch, await watch.refresh([]), filter);
        }
        hasRead();
        for (let tookMs = 0; ;) {
          await rest(Math.min(REST * tookMs, intervalMs), signal);
          const events = await feed.next(intervalMs, signal);
          if (context.output.readerGone) return;
          const touched = events.flatMap(({ jobId }) => (jobId === null ? [] : [jobId]));
          const beganMs = performance.now();
          await showChanges(view, jobsContext, watch, await watch.refresh(touched), filter);
          hasRead();
          tookMs = performance.now() - beganMs;
        }
      },
    });
  });
  try {
    await looking;
  } finally {
    view.close();
  }
}

/**
 * A queue that is always busy must not be read all the time: after each reading so many times as long
 * as it took is left in peace, at most an interval.
 */
const REST = 5;

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

/** Says how many jobs wait where no worker of the queue is connected. */
async function missingWorker(jobsContext: JobAccess): Promise<string | undefined> {
  const { waiting, isConnected } = await askForWorkers(jobsContext);
  return isConnected === false ? noWorkerText(waiting) : undefined;
}

async function showChanges(
  view: JobsView,
  jobsContext: JobAccess,
  watch: JobWatch,
  changes: readonly JobChange[],
  filter: JobFilter,
): Promise<void> {
  const unread = unreadFor(filter, jobsContext);
  if (view.showsChanges) {
    const rows = await priced(
      changes.map(({ row }) => row),
      jobsContext.sources,
    );
    const jobs = listed(rows, jobsContext);
    await view.changed(changes.map(({ kind }, at) => ({ kind, job: jobs[at] })));
    await view.unread(unread);
    return;
  }
  view.notices([await missingWorker(jobsContext), unreadText(unread)]);
  const all = watch.rows;
  const shown = await priced(view.window(all), jobsContext.sources);
  view.show(all, listed(shown, jobsContext));
}
