import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { globOf } from '../../../src/keyspace/glob.js';
import { type RedisServer, startRedisServer } from '../../helpers/redis-server.js';

/** Patterns mean what they mean to Redis itself. */

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedisServer();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const unit = fc.constantFrom('a', 'b', '-', '^', ']', '[', '*', '?', '\\', 'é');
const pattern = fc.string({ unit, maxLength: 7 });
const key = fc.string({ unit, minLength: 1, maxLength: 5 });

it('matches the keys that SCAN with the pattern names', async () => {
  await fc.assert(
    fc.asyncProperty(
      pattern,
      fc.uniqueArray(key, { minLength: 5, maxLength: 20 }),
      async (p, keys) => {
        // A pattern that ends in a lone backslash has had another meaning in each version.
        fc.pre(!/(^|[^\\])(\\\\)*\\$/.test(p) && !/\[[^\]]*$/.test(p));
        await redis.flushall();
        await redis.mset(keys.flatMap((one) => [one, '1']));
        const [, named] = await redis.scan('0', 'MATCH', p, 'COUNT', 1000);
        const matches = globOf([p]);
        expect(keys.filter((one) => matches(one)).sort()).toEqual(named.sort());
      },
    ),
    { numRuns: 300 },
  );
});

it('is done quickly with a pattern of many stars', () => {
  expect(globOf([`${'*a'.repeat(30)}b`])('a'.repeat(2000))).toBe(false);
  expect(globOf(['billing:*', 'x'])(Buffer.from([0xff]))).toBe(false);
});
