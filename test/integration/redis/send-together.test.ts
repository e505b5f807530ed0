import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectOnce, type RedisTarget, withOneTimer } from '../../../src/redis/connect.js';
import { sendTogether } from '../../../src/redis/send-together.js';
import { type RedisServer, startRedisServer } from '../../helpers/redis-server.js';

/** Commands that are sent together have the replies that a pipeline of ioredis has. */

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedisServer();
  redis = await connectOnce(target());
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

function target(): RedisTarget {
  const { hostname: host, port } = new URL(server.url);
  return {
    at: { kind: 'server', host, port: Number(port), useTls: false },
    ...{ username: undefined, password: undefined, db: 0, caPem: undefined },
    ...{ text: server.url, setting: 'REDIS_URL' },
  };
}

const text = fc.string({ unit: 'grapheme', maxLength: 6 });
const key = fc.constantFrom('a', 'hash', 'list', 'é', '');
const part = fc.oneof(
  text,
  fc.integer(),
  fc.uint8Array({ maxLength: 6 }).map((b) => Buffer.from(b)),
);
const command: fc.Arbitrary<unknown[]> = fc.oneof(
  fc.tuple(fc.constant('hmget'), key, text, text),
  fc.tuple(fc.constant('hmget'), fc.constant('hash'), fc.constant('f1'), fc.constant('f2')),
  fc.tuple(fc.constant('hmgetBuffer'), key, text),
  fc.tuple(fc.constantFrom('call', 'callBuffer'), fc.constant('HGETALL'), key),
  fc.tuple(fc.constantFrom('hset', 'hsetnx'), key, part, part),
  fc.tuple(fc.constant('rpush'), key, part),
  fc.tuple(fc.constant('lrangeBuffer'), key, fc.constant(0), fc.constant(-1)),
  fc.tuple(fc.constantFrom('hgetall', 'smembers', 'get', 'ttl'), key),
  fc.tuple(fc.constant('call'), fc.constantFrom('MULTI', 'EXEC', 'NOSUCHCOMMAND', 'DBSIZE')),
  fc.tuple(fc.constant('call'), fc.constant('CONFIG'), fc.constant('GET'), text),
);

it('has the replies of a pipeline, errors and bytes included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
      const ended: unknown[][] = [...commands, ['call', 'EXEC']];
      await redis.flushall();
      const expected = await redis.pipeline(ended).exec();
      await redis.flushall();
      const replies = await sendTogether(redis, ended);
      expect(plain(replies)).toEqual(plain(expected ?? []));
    }),
    { numRuns: 200 },
  );
});

/** Errors by their messages: the arguments of a command are in them too. */
function plain(replies: readonly [Error | null, unknown][]): unknown[] {
  return replies.map(([error, value]) => [error?.message ?? null, plainValue(value)]);
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return Array.isArray(value) && !Buffer.isBuffer(value) ? value.map(plainValue) : value;
}

it('resolves to no replies without commands', async () => {
  expect(await sendTogether(redis, [])).toEqual([]);
});

it('gives each command an error when the connection ends before the replies', async () => {
  const other = await connectOnce(target());
  const blocked = sendTogether(other, [
    ['hmget', 'a', 'b'],
    ['blpop', 'nothing', 0],
    ['hmget', 'a', 'b'],
  ]);
  await expect.poll(() => redis.call('CLIENT', 'LIST')).toContain('cmd=blpop');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  const [first, second, third] = await blocked;
  expect(first).toEqual([null, [null]]);
  expect(second?.[0]).toBeInstanceOf(Error);
  expect(third?.[0]).toBeInstanceOf(Error);
  const later = await sendTogether(other, [['get', 'a']]);
  expect(later[0]?.[0]?.message).toBe('Connection is closed.');
});

it('ends in time while Redis is silent', async () => {
  const other = await connectOnce(target(), { commandTimeoutMs: 50 });
  const late = withOneTimer(other)
    .pipeline([['blpop', 'nothing', 0]])
    .exec();
  await expect(late).rejects.toThrow('Command timed out');
  other.disconnect();
});

it('sends nothing if one of the commands cannot be sent', async () => {
  const odd = {
    toString: () => {
      throw new Error('no text');
    },
  };
  const commands = [
    ['set', 'a', '1'],
    ['set', 'b', odd],
  ];
  await expect(sendTogether(redis, commands)).rejects.toThrow('argument must be of type string');
  expect(await sendTogether(redis, [['dbsize']])).toEqual([[null, 0]]);
});
