import { Redis } from 'ioredis';

/** The floor of a report on all users: SCAN, and HGETALL in pipelines. Does nothing with the answers. */

const redis = new Redis(process.env.REDIS_URL ?? '');
let cursor = '0';
let users = 0;
do {
  const [next, keys] = await redis.scan(cursor, 'MATCH', 'billing:user:*', 'COUNT', 1000);
  cursor = next;
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hgetall(key);
  users += (await pipeline.exec())?.length ?? 0;
} while (cursor !== '0');
process.stdout.write(`${users}\n`);
redis.disconnect();
