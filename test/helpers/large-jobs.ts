import { Redis } from 'ioredis';

/** The longest strings that one command of the test sends. */
const A_BATCH_BYTES = 64 * 1024 * 1024;

export interface LargeJobs {
  count: number;
  /** Of the data of each job. */
  bytes: number;
  place?: 'wait' | 'failed';
}

/** Puts jobs with large data into a queue, in pipelines; every tenth is of alice. */
export async function addLargeJobs(
  url: string,
  { count, bytes, place = 'wait' }: LargeJobs,
): Promise<void> {
  const redis = new Redis(url);
  const filler = 'x'.repeat(bytes);
  const atOnce = Math.max(1, Math.floor(A_BATCH_BYTES / bytes));
  for (let first = 1; first <= count; first += atOnce) {
    const batch = redis.pipeline();
    for (let id = first; id < Math.min(first + atOnce, count + 1); id++) {
      const user = id % 10 === 0 ? 'alice' : 'bob';
      batch.hset(`bull:ai-job:${id}`, {
        ...{ name: 'video', timestamp: String(1_795_000_000_000 + id), opts: '{"attempts":0}' },
        data: `{"page":"${filler}","files":["a","b"],"user_id":"${user}"}`,
      });
      if (place === 'wait') batch.lpush('bull:ai-job:wait', String(id));
      else batch.zadd('bull:ai-job:failed', id, String(id));
    }
    await batch.exec();
  }
  redis.disconnect();
}
