import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import type { Billing } from '../../../src/index.js';
import { databaseSnapshot } from '../../helpers/redis-snapshot.js';
import { useRedis } from '../../helpers/use-redis.js';

const NOON = new Date('2026-11-24T12:00:00.000Z');
const USER = 'billing:user:u';
const DAY = 'billing:daily:u:2026-11-24';
const JOB = 'billing:job:j';

const used = useRedis();
const billingOver = (redis: Redis) => createBilling({ redis, clock: () => NOON });

type Call = (billing: Billing) => Promise<unknown>;
const eventId = 'e';
const bytes: Call = (billing) => billing.trackBytesProcessed('u', 1, 'j', { eventId });
const compute: Call = (billing) => billing.trackComputeSeconds('u', 1, 'j', { eventId });
const completion: Call = (billing) =>
  billing.trackJobCompletion('u', 'j', 'failed', { a: 1 }, { eventId });

/** Does the call, and resolves to the error: whatever it was, nothing may have been written. */
async function refused(call: Call, redis = used.redis): Promise<unknown> {
  const before = await databaseSnapshot(used.redis);
  const error: unknown = await call(billingOver(redis)).then(
    () => expect.fail('it counted'),
    (reason: unknown) => reason,
  );
  expect(await databaseSnapshot(used.redis)).toEqual(before);
  return error;
}

describe('a counter that cannot be raised', () => {
  const beyond = ['9223372036854775807', '9223372036854775808', '99999999999999999999'];
  const noIntegers = ['', ' 1', '01', '1.0', '1e3', '+1', '-0', '0x10', '1\0', 'NaN', ...beyond];
  const below = ['-9223372036854775809', '-9999999999999999999', '-99999999999999999999'];

  it.each([...noIntegers, ...below])('stops all of it: bytes of %j', async (value) => {
    for (const key of [USER, DAY, JOB]) {
      await used.redis.flushall();
      await used.redis.hset(key, 'bytes_processed', value);
      await used.redis.expire(key, 1000);
      const error = await refused(bytes);
      expect(error).toMatchObject({
        code: 'damaged',
        message: expect.stringContaining(`bytes_processed of ${key} is`) as string,
      });
    }
  });

  const noNumbers = ['', 'inf', 'nan', '1,5', '0x1p3', ' 1', '1 ', '1e', '1.5.5', '--1', 'ten'];
  // Numbers to look at, but none that Redis can add to: it counts in 80 bits.
  const tooLarge = ['1e4933', '-1e9999', '1e-9999', '9'.repeat(4940), `0.${'1'.repeat(6000)}`];

  it.each([...noNumbers, ...tooLarge].map((value) => [value.slice(0, 20), value]))(
    'stops all of it: seconds of %j',
    async (_start, value) => {
      for (const key of [USER, DAY, JOB]) {
        await used.redis.flushall();
        await used.redis.hset(key, 'compute_seconds', value);
        expect(await refused(compute)).toMatchObject({ code: 'damaged' });
      }
    },
  );

  it.each(['job_count', 'jobs_failed'])('stops a completion: %s', async (field) => {
    for (const key of [USER, DAY]) {
      await used.redis.flushall();
      await used.redis.hset(key, field, 'many');
      expect(await refused(completion)).toMatchObject({ code: 'damaged' });
    }
  });

  it('is no matter to the calls that do not raise it', async () => {
    await used.redis.hset(USER, { compute_seconds: 'n/a', jobs_skipped: 'n/a' });
    await bytes(billingOver(used.redis));
    await completion(billingOver(used.redis));
    expect(await used.redis.hgetall(USER)).toMatchObject({ bytes_processed: '1', job_count: '1' });
  });

  it('counts up from the lowest number that Redis holds', async () => {
    await used.redis.hset(USER, 'bytes_processed', '-9223372036854775808');
    await bytes(billingOver(used.redis));
    expect(await used.redis.hget(USER, 'bytes_processed')).toBe('-9223372036854775807');
  });

  it('is full one byte beyond 2^63-1, and takes the last that fits', async () => {
    await used.redis.hset(DAY, 'bytes_processed', '9000000000000000000');
    const track = (amount: bigint) => (billing: Billing) =>
      billing.trackBytesProcessed('u', amount, 'j');
    expect(await refused(track(223372036854775808n))).toMatchObject({ code: 'damaged' });
    await track(223372036854775807n)(billingOver(used.redis));
    expect(await used.redis.hget(DAY, 'bytes_processed')).toBe('9223372036854775807');
  });

  it('stops all of it where a key holds another type', async () => {
    for (const key of [USER, DAY, JOB]) {
      for (const call of [bytes, compute, completion]) {
        await used.redis.flushall();
        await used.redis.rpush(key, 'x');
        expect(await refused(call)).toMatchObject({
          code: 'damaged',
          message: `${key} holds a list, not a hash: nothing was counted`,
        });
      }
    }
  });

  it('does not use up the event id', async () => {
    await used.redis.hset(USER, 'bytes_processed', 'x');
    await refused(bytes);
    await used.redis.del(USER);
    expect(await bytes(billingOver(used.redis))).toEqual({ counted: true });
  });

  it('is told of with an id that holds the end of a reply', async () => {
    await used.redis.set('billing:user:u\r\n+OK\r\n', 'x');
    const error = await refused((billing) => billing.trackBytesProcessed('u\r\n+OK\r\n', 1, 'j'));
    expect(error).toMatchObject({ code: 'damaged' });
    expect(await used.redis.ping()).toBe('PONG');
  });
});

describe('arguments that make no sense', () => {
  const any = (value: unknown) => value as never;
  const self: Record<string, unknown> = {};
  self.self = self;
  const calls: Record<string, Call> = {
    'negative bytes': (b) => b.trackBytesProcessed('u', -1, 'j'),
    'negative bigint bytes': (b) => b.trackBytesProcessed('u', -1n, 'j'),
    'fractional bytes': (b) => b.trackBytesProcessed('u', 1.5, 'j'),
    'bytes beyond what a number holds': (b) => b.trackBytesProcessed('u', 2 ** 53, 'j'),
    'bytes beyond what Redis holds': (b) => b.trackBytesProcessed('u', 2n ** 63n, 'j'),
    'NaN bytes': (b) => b.trackBytesProcessed('u', NaN, 'j'),
    'bytes as text': (b) => b.trackBytesProcessed('u', any('1'), 'j'),
    'bytes of an object': (b) => b.trackBytesProcessed('u', any(Object.create(null)), 'j'),
    'negative seconds': (b) => b.trackComputeSeconds('u', -0.1, 'j'),
    'NaN seconds': (b) => b.trackComputeSeconds('u', NaN, 'j'),
    'infinite seconds': (b) => b.trackComputeSeconds('u', Infinity, 'j'),
    'seconds as text': (b) => b.trackComputeSeconds('u', any('1'), 'j'),
    'seconds beyond microseconds': (b) => b.trackComputeSeconds('u', 1e13, 'j'),
    'an empty user': (b) => b.trackBytesProcessed('', 1, 'j'),
    'an absent user': (b) => b.trackComputeSeconds(any(undefined), 1, 'j'),
    'a user that is a number': (b) => b.trackJobCompletion(any(7), 'j', 'failed'),
    'an empty job': (b) => b.trackBytesProcessed('u', 1, ''),
    'an absent job': (b) => b.trackJobCompletion('u', any(undefined), 'failed'),
    'an id that is no Unicode': (b) => b.trackBytesProcessed('\ud800', 1, 'j'),
    'an id of 65 kB': (b) => b.trackBytesProcessed('u'.repeat(65 * 1024), 1, 'j'),
    'an empty event': (b) => b.trackBytesProcessed('u', 1, 'j', { eventId: '' }),
    'an event that is a number': (b) => b.trackBytesProcessed('u', 1, 'j', { eventId: any(7) }),
    'an unknown status': (b) => b.trackJobCompletion('u', 'j', any('done')),
    'metadata that is a list': (b) => b.trackJobCompletion('u', 'j', 'failed', any([])),
    'metadata in a circle': (b) => b.trackJobCompletion('u', 'j', 'failed', self),
    'metadata that JSON leaves out': (b) =>
      b.trackJobCompletion('u', 'j', 'failed', { toJSON: () => undefined }),
    'metadata with a bigint': (b) => b.trackJobCompletion('u', 'j', 'failed', { bytes: 1n }),
    'metadata over 1 MB': (b) => b.trackJobCompletion('u', 'j', 'failed', { a: 'x'.repeat(2e6) }),
    'no day': (b) => b.getUserDailyUsage('u', 'yesterday', '2026-11-24'),
    'an invalid Date': (b) => b.getUserDailyUsage('u', NOON, new Date(NaN)),
    'no user of a summary': (b) => b.getUserBillingSummary(''),
    'no user of a reset': (b) => b.resetUserBilling(any(undefined)),
    'no job of its details': (b) => b.getJobBillingDetails(''),
  };

  it.each(Object.entries(calls))('write nothing: %s', async (_what, call) => {
    await used.redis.hset('billing:user:undefined', 'bytes_processed', '1');
    expect(await refused(call)).toMatchObject({ name: 'MangamotionError', code: 'usage' });
  });
});

describe('a Redis that takes no writes', () => {
  it('is told without a half of it when its memory is full', async () => {
    await used.redis.hset(USER, 'bytes_processed', '1');
    await used.redis.config('SET', 'maxmemory', '1');
    try {
      for (const call of [bytes, compute, completion]) {
        expect(await refused(call)).toMatchObject({ code: 'unreachable' });
      }
    } finally {
      await used.redis.config('SET', 'maxmemory', '0');
    }
  });

  it('is told without a half of it when it is a replica', async () => {
    await used.redis.replicaof('127.0.0.1', used.server.port + 1);
    try {
      expect(await refused(bytes)).toMatchObject({ code: 'unreachable' });
    } finally {
      await used.redis.replicaof('NO', 'ONE');
    }
  });

  it.each(['hincrby', 'hset', 'expire', 'set', 'exists', 'evalsha'])(
    'to a user without the right to %s leaves no half of it',
    async (command) => {
      const rights = ['reset', 'on', '>pw', '~*', '+@all', `-${command}`];
      await used.redis.call('ACL', 'SETUSER', 'worker', ...rights);
      const limited = new Redis(used.server.url, { username: 'worker', password: 'pw' });
      try {
        expect(await refused(bytes, limited)).toMatchObject({ code: 'access_denied' });
      } finally {
        limited.disconnect();
      }
    },
  );
});
