import { Redis } from 'ioredis';

/**
 * The floor of a report on all users: SCAN, with the next page asked for before the last one is worked
 * on, and HMGET of the six counters in pipelines. Does nothing with the answers.
 */

const FIELDS = [
  'bytes_processed',
  'compute_seconds',
  'job_count',
  'jobs_completed',
  'jobs_failed',
  'jobs_skipped',
];

const redis = new Redis(process.env.REDIS_URL ?? '');
const step = (cursor) => redis.scan(cursor, 'MATCH', 'billing:user:*', 'COUNT', 1000);
let pending = step('0');
let hashes = 0;
while (pending !== undefined) {
  const [next, keys] = await pending;
  pending = next === '0' ? undefined : step(next);
  const replies = await redis.pipeline(keys.map((key) => ['hmget', key, ...FIELDS])).exec();
  hashes += replies?.length ?? 0;
}
process.stdout.write(`${hashes}\n`);
redis.disconnect();
