import { Queue, Worker, type Job } from 'bullmq5';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { BillingRecords } from './billing-records.js';
import { startRedisServer, type RedisServer } from './redis-server.js';

/** A worker's work, which the test ends. */
interface RunningJob {
  job: Job;
  complete: (returnValue?: unknown) => void;
  fail: (reason: string) => void;
}

/** The queue of the deployment as its backend uses it, with a worker that does what a test says. */
export class LiveQueue {
  readonly queue: Queue;
  readonly #port: number;
  readonly #workers: Worker[] = [];
  readonly #running = new Map<string, RunningJob>();

  constructor(port: number, name = 'ai-job') {
    this.#port = port;
    this.queue = new Queue(name, { connection: { host: '127.0.0.1', port } });
  }

  /** With the options of the backend: a completed job goes, a failed one stays. */
  async add(data: unknown, options: Record<string, unknown> = {}): Promise<string> {
    const job = await this.queue.add('video', data, {
      ...{ removeOnComplete: true, removeOnFail: false },
      ...options,
    });
    return String(job.id);
  }

  /** From now on jobs are begun, and run until they are ended. */
  work(): void {
    const worker = new Worker(
      this.queue.name,
      (job) =>
        new Promise((resolve, reject) => {
          this.#running.set(String(job.id), {
            job,
            complete: resolve,
            fail: (reason) => reject(new Error(reason)),
          });
        }),
      { connection: { host: '127.0.0.1', port: this.#port }, concurrency: 20 },
    );
    this.#workers.push(worker);
  }

  /** Resolves when the worker has begun the job. */
  async begun(id: string): Promise<RunningJob> {
    for (;;) {
      const running = this.#running.get(id);
      if (running !== undefined) return running;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Resolves when the job has left `active`. */
  async ended(id: string): Promise<void> {
    for (;;) {
      const state = await this.queue.getJobState(id);
      if (state !== 'active') return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close(true)));
    await this.queue.close();
  }
}

/** A Redis with a queue for the tests of a file, emptied before each of them. */
export function useLiveQueue(): {
  queue: () => LiveQueue;
  records: () => BillingRecords;
  env: () => { REDIS_URL: string };
} {
  let server: RedisServer;
  let redis: Redis;
  let queue: LiveQueue;
  beforeAll(async () => {
    server = await startRedisServer();
    redis = new Redis(server.url);
  });
  beforeEach(async () => {
    await (queue as LiveQueue | undefined)?.close();
    await redis.flushall();
    queue = new LiveQueue(server.port);
    await queue.queue.waitUntilReady();
  });
  afterAll(async () => {
    await queue.close();
    redis.disconnect();
    await server.stop();
  });
  return {
    queue: () => queue,
    records: () => new BillingRecords(redis),
    env: () => ({ REDIS_URL: server.url }),
  };
}
