import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startRedisServer, type RedisServer } from './redis-server.js';

/** Counters as they lie in Redis, and a Redis to put them into. */

export interface Counters {
  bytes_processed?: string | number | bigint;
  compute_seconds?: string | number;
  job_count?: string | number;
  jobs_completed?: string | number;
  jobs_failed?: string | number;
  jobs_skipped?: string | number;
}

export interface JobRecord extends Pick<Counters, 'bytes_processed' | 'compute_seconds'> {
  user_id?: string;
  status?: string;
  timestamp?: string;
  completed_at?: string;
  metadata?: string;
}

const DAY_MS = 86_400_000;
const DAY_LIFE_SECONDS = 90 * 86_400;
const JOB_LIFE_SECONDS = 365 * 86_400;

/** Writes records with the fields and the lives that the backend gives them. */
export class BillingRecords {
  constructor(readonly redis: Redis) {}

  async user(userId: string, counters: Counters): Promise<void> {
    await this.#write(`billing:user:${userId}`, counters, undefined);
  }

  async day(userId: string, day: string, counters: Counters): Promise<void> {
    await this.#write(`billing:daily:${userId}:${day}`, counters, DAY_LIFE_SECONDS);
  }

  async job(jobId: string, record: JobRecord): Promise<void> {
    await this.#write(`billing:job:${jobId}`, record, JOB_LIFE_SECONDS);
  }

  /** The same usage for the user, this day and the job, as the toolkit's tracker keeps them. */
  async tracked(
    userId: string,
    { day, job, usage }: { day: string; job: string; usage: Counters },
  ): Promise<void> {
    const { bytes_processed = 0, compute_seconds = 0 } = usage;
    await this.user(userId, usage);
    await this.day(userId, day, usage);
    await this.job(job, { user_id: userId, bytes_processed, compute_seconds });
  }

  /** Keys that are none of billing's, so many. */
  async foreign(count: number): Promise<void> {
    for (let from = 0; from < count; from += 10_000) {
      const pairs = Array.from({ length: Math.min(10_000, count - from) }, (_none, index) => [
        `bull:ai-job:${from + index}`,
        'x',
      ]);
      await this.redis.mset(pairs.flat());
    }
  }

  /** How many changes there have been since the server started. */
  async changes(): Promise<number> {
    const info = await this.redis.info('persistence');
    return Number(/rdb_changes_since_last_save:(\d+)/.exec(info)?.[1]);
  }

  async #write(key: string, fields: object, lifeSeconds: number | undefined): Promise<void> {
    const values = Object.entries(fields).map(([field, value]) => [field, String(value)]);
    await this.redis.hset(key, ...values.flat());
    if (lifeSeconds !== undefined) await this.redis.expire(key, lifeSeconds);
  }
}

/** `YYYY-MM-DD` in UTC, so many days from today. */
export function dayFromToday(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

/** `YYYY-MM` in UTC, so many months from this one. */
export function monthFromThis(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1))
    .toISOString()
    .slice(0, 7);
}

/** A Redis for the tests of a file, emptied before each of them. */
export function useBillingRedis(settings: readonly string[] = []): {
  records: () => BillingRecords;
  /** What the program needs in its environment. */
  env: () => { REDIS_URL: string };
} {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedisServer({ args: [...settings] });
    redis = new Redis(server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  return { records: () => new BillingRecords(redis), env: () => ({ REDIS_URL: server.url }) };
}
