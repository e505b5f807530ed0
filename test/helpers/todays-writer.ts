import type { Redis } from 'ioredis';

const DAY_LIFE_SECONDS = 90 * 86_400;
const JOB_LIFE_SECONDS = 365 * 86_400;

/**
 * Meters as the deployed backend does: it increments user and day, sets the fields of the job, and
 * takes one command after the other. It gives a job no expiry and no user when it ends.
 */
export function todaysWriter(redis: Redis, clock: () => Date = () => new Date()) {
  const today = (): string => clock().toISOString().slice(0, 10);
  const counters = (userId: string): [string, string] => [
    `billing:user:${userId}`,
    `billing:daily:${userId}:${today()}`,
  ];
  const setJob = async (userId: string, jobId: string, field: string, value: number) => {
    const fields = { user_id: userId, [field]: value, timestamp: clock().toISOString() };
    await redis.hset(`billing:job:${jobId}`, fields);
    await redis.expire(`billing:job:${jobId}`, JOB_LIFE_SECONDS);
  };
  return {
    async trackBytesProcessed(userId: string, bytes: number, jobId: string): Promise<void> {
      const [user, day] = counters(userId);
      await redis.hincrby(user, 'bytes_processed', bytes);
      await redis.hincrby(day, 'bytes_processed', bytes);
      await redis.expire(day, DAY_LIFE_SECONDS);
      await setJob(userId, jobId, 'bytes_processed', bytes);
    },
    async trackComputeSeconds(userId: string, seconds: number, jobId: string): Promise<void> {
      const [user, day] = counters(userId);
      await redis.hincrbyfloat(user, 'compute_seconds', seconds);
      await redis.hincrbyfloat(day, 'compute_seconds', seconds);
      await redis.expire(day, DAY_LIFE_SECONDS);
      await setJob(userId, jobId, 'compute_seconds', seconds);
    },
    async trackJobCompletion(userId: string, jobId: string, status: string): Promise<void> {
      for (const key of counters(userId)) {
        await redis.hincrby(key, 'job_count', 1);
        await redis.hincrby(key, `jobs_${status}`, 1);
      }
      await redis.expire(counters(userId)[1], DAY_LIFE_SECONDS);
      const ended = { status, completed_at: clock().toISOString(), metadata: '{}' };
      await redis.hset(`billing:job:${jobId}`, ended);
    },
  };
}
