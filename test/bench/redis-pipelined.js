import { Redis } from 'ioredis';

/**
 * The floor of a report on all users, or on all jobs (`billing:job:*` as argument): SCAN, and HGETALL in
 * pipelines. Does nothing with the answers.
 */

const pattern = process.argv[2] ?? 'billing:user:*';
const redis = new Redis(process.env.REDIS_URL ?? '');
let cursor = '0';
let hashes = 0;
do {
  const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
  cursor = next;
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hgetall(key);
  hashes += (await pipeline.exec())?.length ?? 0;
} while (cursor !== '0');
process.stdout.write(`${hashes}\n`);
redis.disconnect();
