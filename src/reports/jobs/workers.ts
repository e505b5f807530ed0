import { countOf } from '../../count-of.js';
import { hasWorker } from '../../jobs/queue/workers.js';
import type { JobAccess } from './access.js';

interface Workers {
  /** The number of jobs that a worker would take now. */
  waiting: number;
  /** `undefined` where no job waits, or where it is not known. */
  isConnected: boolean | undefined;
}

/** Asks Redis for workers of the queue if jobs wait for one. */
export async function askForWorkers(access: JobAccess): Promise<Workers> {
  const { redis, queue } = access;
  const waiting = access.waiting();
  if (waiting === 0) return { waiting, isConnected: undefined };
  return { waiting, isConnected: await hasWorker(redis, queue) };
}

export function noWorkerText(waiting: number): string {
  return `${countOf(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'}, and no worker is connected`;
}
