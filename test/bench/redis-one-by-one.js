import { Redis } from 'ioredis';

/** A report on all users without pipelines: KEYS, then one HGETALL after another. */

const redis = new Redis(process.env.REDIS_URL ?? '');
let users = 0;
for (const key of await redis.keys('billing:user:*')) {
  await redis.hgetall(key);
  users += 1;
}
process.stdout.write(`${users}\n`);
redis.disconnect();
