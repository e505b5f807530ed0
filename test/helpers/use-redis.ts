import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type RedisServer, type RedisServerOptions, startRedisServer } from './redis-server.js';

export interface UsedRedis {
  server: RedisServer;
  /** Of nobody but the test. */
  redis: Redis;
}

/**
 * A Redis for the tests of a file, which runs and is empty before each of them: a test that failed after it
 * had killed it makes no other fail.
 */
export function useRedis(options: RedisServerOptions = {}): UsedRedis {
  const used = {} as UsedRedis;
  beforeAll(async () => {
    used.server = await startRedisServer(options);
    used.redis = new Redis(used.server.url);
  });
  beforeEach(async () => {
    await used.server.revive();
    await used.redis.flushall();
  });
  afterAll(async () => {
    used.redis.disconnect();
    await used.server.stop();
  });
  return used;
}
