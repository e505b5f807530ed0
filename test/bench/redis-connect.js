import { Redis } from 'ioredis';

/** The floor of a report on one user: a connection and one answer. */

const redis = new Redis(process.env.REDIS_URL ?? '');
await redis.ping();
redis.disconnect();
