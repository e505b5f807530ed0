import { Queue, Worker } from 'bullmq5';
import { Redis } from 'ioredis';
import { createBilling } from '../../src/index.js';

/** Jobs as MangaMotion leaves them: some done and billed, one that runs, one that failed, some waiting. */

const USERS = ['alice', 'bob', 'carol'] as const;
const DONE = Array.from({ length: 20 }, (_none, index) => String(1001 + index));

/** Resolves to how to end the worker, whose job runs until then. */
export async function fillJobs(redisUrl: string): Promise<() => Promise<void>> {
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port) };
  const redis = new Redis(redisUrl);
  const billing = createBilling({ redis });
  for (const [index, job] of DONE.entries()) {
    const user = USERS[index % USERS.length] ?? 'alice';
    await billing.trackBytesProcessed(user, 40_000_000 * (1 + (index % 7)), job);
    await billing.trackComputeSeconds(user, 180.5 * (1 + (index % 11)), job);
    await billing.trackJobCompletion(user, job, index % 9 === 8 ? 'failed' : 'completed');
  }
  // The queue goes on counting where the jobs in the store end.
  await redis.set('bull:ai-job:id', 1020);
  redis.disconnect();

  const queue = new Queue('ai-job', { connection });
  const add = (id: number, user: string) => {
    const files = Array.from(
      { length: 12 },
      (_none, page) => `originals/${id}/page-${page + 1}.jpg`,
    );
    const data = { type: 'video', files, user_id: user };
    return queue.add('video', data, { removeOnComplete: true, attempts: 1 });
  };
  await add(1021, 'bob');
  await add(1022, 'alice');
  const isRunning = new Promise<void>((resolve) => {
    worker = new Worker(
      'ai-job',
      async (job) => {
        if (job.id === '1021') throw new Error('panel detection failed on page 7');
        await job.updateProgress(45);
        resolve();
        await new Promise(() => undefined);
      },
      { connection },
    );
  });
  await isRunning;
  await add(1023, 'carol');
  await add(1024, 'alice');
  return async () => {
    await worker?.close(true);
    await queue.close();
  };
}

let worker: Worker | undefined;
