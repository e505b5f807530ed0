import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.js';

export interface UsedRedis {
  server: RedisServer;
  /** Of nobody but the test. */
  redis: Redis;
}

/** A Redis for the tests of a file, empty before each of them. */
export function useRedis(options: RedisServerOptions = {}): UsedRedis {
  const used = {} as UsedRedis;
  beforeAll(async () => {
    used.server = await startRedisServer(options);
    used.redis = new Redis(used.server.url);
  });
  beforeEach(async () => {
    await used.redis.flushall();
  });
  afterAll(async () => {
    used.redis.disconnect();
    await used.server.stop();
  });
  return used;
}
