import { countOf } from '../../output/units.js';
import type { JobsContext } from './shared-options.js';

interface Workers {
  /** The number of jobs that a worker would take now. */
  waiting: number;
  /** `undefined` where no job waits, or where it is not known. */
  isConnected: boolean | undefined;
}

/** Asks Redis for workers of the queue if jobs wait for one. */
export async function askForWorkers(jobsContext: JobsContext): Promise<Workers> {
  const { redis, queue } = jobsContext;
  const count = jobsContext.waiting();
  if (count === 0) return { waiting: 0, isConnected: undefined };
  const { hasWorker } = await import('../../../jobs/queue/workers.js');
  return { waiting: count, isConnected: await hasWorker(redis, queue) };
}

export function noWorkerText(waiting: number): string {
  return `${countOf(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'}, and no worker is connected`;
}
