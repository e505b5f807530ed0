import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { databaseSnapshot } from '../../helpers/redis-snapshot.js';
import { useRedis } from '../../helpers/use-redis.js';

const DAY_SECONDS = 86_400;
const NOON = new Date('2026-11-24T12:00:00.000Z');

const used = useRedis();
const billingAt = (now: Date, more: { enabled?: boolean; retentionDays?: number } = {}) =>
  createBilling({ redis: used.redis, clock: () => now, ...more });

describe('a tracking call', () => {
  it('writes the keys, fields and lives of the backend', async () => {
    const billing = billingAt(NOON);
    expect(await billing.trackBytesProcessed('u1', 1500, 'j1')).toEqual({ counted: true });
    await billing.trackComputeSeconds('u1', 12.5, 'j1');
    await billing.trackJobCompletion('u1', 'j1', 'completed', { pages: 3 });
    const { redis } = used;
    expect((await redis.keys('*')).sort()).toEqual([
      'billing:daily:u1:2026-11-24',
      'billing:job:j1',
      'billing:user:u1',
    ]);
    const counters = {
      bytes_processed: '1500',
      compute_seconds: '12.5',
      job_count: '1',
      jobs_completed: '1',
    };
    expect(await redis.hgetall('billing:user:u1')).toEqual(counters);
    expect(await redis.hgetall('billing:daily:u1:2026-11-24')).toEqual(counters);
    expect(await redis.hgetall('billing:job:j1')).toEqual({
      user_id: 'u1',
      bytes_processed: '1500',
      compute_seconds: '12.5',
      status: 'completed',
      timestamp: NOON.toISOString(),
      completed_at: NOON.toISOString(),
      metadata: '{"pages":3}',
    });
    expect(await redis.ttl('billing:user:u1')).toBe(-1);
    expect(await life('billing:daily:u1:2026-11-24')).toBe(90);
    expect(await life('billing:job:j1')).toBe(365);
  });

  it('adds to the job too, where the backend sets', async () => {
    const billing = billingAt(NOON);
    for (const bytes of [100, 20, 3]) await billing.trackBytesProcessed('u', bytes, 'j');
    for (const seconds of [1.25, 0.5]) await billing.trackComputeSeconds('u', seconds, 'j');
    for (const key of ['billing:user:u', 'billing:daily:u:2026-11-24', 'billing:job:j']) {
      const [bytes, seconds] = await used.redis.hmget(key, 'bytes_processed', 'compute_seconds');
      expect({ key, bytes, seconds }).toEqual({ key, bytes: '123', seconds: '1.75' });
    }
  });

  it.each(['completed', 'failed', 'skipped'] as const)('counts a job that %s', async (status) => {
    await billingAt(NOON).trackJobCompletion('u', 'j', status);
    expect(await used.redis.hgetall('billing:user:u')).toEqual({
      job_count: '1',
      [`jobs_${status}`]: '1',
    });
    expect(await used.redis.hgetall('billing:job:j')).toMatchObject({ status, metadata: '{}' });
  });

  it('lets a day live for the retention that was given, from the last call', async () => {
    const { redis } = used;
    const billing = billingAt(NOON, { retentionDays: 7 });
    await billing.trackBytesProcessed('u', 1, 'j');
    await redis.expire('billing:daily:u:2026-11-24', 10);
    await redis.expire('billing:job:j', 10);
    await billing.trackBytesProcessed('u', 1, 'j');
    expect(await life('billing:daily:u:2026-11-24')).toBe(7);
    expect(await life('billing:job:j')).toBe(365);
  });

  it('counts bytes beyond 2^53 exactly, up to the last that Redis can hold', async () => {
    const billing = billingAt(NOON);
    await billing.trackBytesProcessed('u', 2n ** 53n, 'j');
    await billing.trackBytesProcessed('u', 1, 'j');
    expect(await used.redis.hget('billing:user:u', 'bytes_processed')).toBe('9007199254740993');
    await billing.trackBytesProcessed('u', 2n ** 63n - 1n - 9007199254740993n, 'j');
    expect(await used.redis.hget('billing:job:j', 'bytes_processed')).toBe('9223372036854775807');
    expect((await billing.getUserBillingSummary('u')).bytes_processed).toBe(2n ** 63n - 1n);
  });

  it('takes nothing for less than nothing: 0 bytes at the very end of what fits', async () => {
    await used.redis.hset('billing:user:u', 'bytes_processed', '9223372036854775807');
    expect(await billingAt(NOON).trackBytesProcessed('u', 0, 'j')).toEqual({ counted: true });
  });

  it('rounds seconds half up to 6 places before they are added', async () => {
    const billing = billingAt(NOON);
    const half = 0.000_000_5;
    for (let n = 0; n < 4; n++) await billing.trackComputeSeconds('u', half, 'j');
    await billing.trackComputeSeconds('u', 0.000_000_49, 'j');
    expect((await billing.getUserBillingSummary('u')).compute_seconds).toBe(0.000004);
    await billing.trackComputeSeconds('u', 0.1 + 0.2, 'other');
    const seconds = await used.redis.hget('billing:job:other', 'compute_seconds');
    expect(Number(seconds).toFixed(15)).toBe('0.300000000000000');
  });

  it('adds to a counter with float dust, and to one in scientific notation', async () => {
    await used.redis.hset('billing:user:u', 'compute_seconds', '3600.10000000000000009');
    await used.redis.hset('billing:daily:u:2026-11-24', 'compute_seconds', '1e-7');
    await billingAt(NOON).trackComputeSeconds('u', 0.4, 'j');
    const billing = billingAt(NOON);
    expect((await billing.getUserBillingSummary('u')).compute_seconds).toBe(3600.5);
    const [day] = await billing.getUserDailyUsage('u', '2026-11-24', '2026-11-24');
    expect(day?.compute_seconds).toBe(0.4);
  });

  it('sends the script again to a server that has forgotten it', async () => {
    const billing = billingAt(NOON);
    for (let call = 1; call <= 3; call++) {
      expect(await billing.trackBytesProcessed('u', 1, 'j', { eventId: `e${call}` })).toEqual({
        counted: true,
      });
      await used.redis.script('FLUSH');
    }
    expect(await used.redis.hget('billing:user:u', 'bytes_processed')).toBe('3');
  });

  it('belongs to the day in UTC by its clock, at both sides of midnight', async () => {
    const last = new Date('2026-11-30T23:59:59.999Z');
    await billingAt(last).trackBytesProcessed('u', 1, 'j');
    await billingAt(new Date(last.getTime() + 1)).trackBytesProcessed('u', 2, 'j');
    const days = (await used.redis.keys('billing:daily:*')).sort();
    expect(days).toEqual(['billing:daily:u:2026-11-30', 'billing:daily:u:2026-12-01']);
    expect(await used.redis.hget(days[1] ?? '', 'bytes_processed')).toBe('2');
    const summary = await billingAt(new Date('2026-12-01T00:00:00Z')).getUserBillingSummary('u');
    expect(summary).toMatchObject({ bytes_processed: 3, month: { bytes_processed: 2 } });
  });

  it('writes nothing while billing is off, but still looks at its arguments', async () => {
    const billing = billingAt(NOON, { enabled: false });
    const nothing = { counted: false };
    expect(await billing.trackBytesProcessed('u', 1, 'j', { eventId: 'e' })).toEqual(nothing);
    expect(await billing.trackComputeSeconds('u', 1, 'j')).toEqual(nothing);
    expect(await billing.trackJobCompletion('u', 'j', 'failed')).toEqual(nothing);
    expect(await used.redis.dbsize()).toBe(0);
    await expect(billing.trackBytesProcessed('u', -1, 'j')).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(billing.trackBytesProcessed('u', 1, 'j', { eventId: '' })).rejects.toMatchObject({
      code: 'usage',
    });
  });
});

describe('ids', () => {
  const odd = {
    'with a colon': 'a:b',
    'that end in a day': 'a:2026-11-24',
    'with spaces': ' two  words ',
    'of a star': '*',
    'with all of a pattern': '[a-z]?\\',
    'of emoji': '🦊🦊🦊',
    'with line ends and a NUL': '"\r\n\0%',
    'of 10 kB': 'ü'.repeat(5120),
  };

  it.each(Object.entries(odd))('%s name their own keys alone', async (_what, id) => {
    const billing = billingAt(NOON);
    await used.redis.mset('billing', '1', 'billing:user', '1');
    await billing.trackBytesProcessed('other', 1, 'other');
    const before = await databaseSnapshot(used.redis);
    for (let call = 0; call < 2; call++) {
      await billing.trackBytesProcessed(id, 7, id, { eventId: id });
    }
    await billing.trackComputeSeconds(id, 1, id);
    const after = await databaseSnapshot(used.redis);
    for (const key of before.keys()) expect(after.get(key)).toEqual(before.get(key));
    expect(after.size).toBe(before.size + 4);
    const usage = { bytes_processed: 7, compute_seconds: 1 };
    expect(await billing.getUserBillingSummary(id)).toMatchObject({ user_id: id, ...usage });
    expect(await billing.getUserDailyUsage(id, NOON, NOON)).toMatchObject([usage]);
    expect(await billing.getJobBillingDetails(id)).toMatchObject({ user_id: id, ...usage });
    const all = await billing.getAllUsersBillingSummary();
    expect(all.map((user) => user.user_id).sort()).toEqual([id, 'other'].sort());
  });

  it('that overlap with a day are kept apart from it', async () => {
    const billing = billingAt(NOON);
    await billing.trackBytesProcessed('a', 1, 'j');
    await billing.trackBytesProcessed('a:2026-11-24', 2, 'j2');
    expect(await billing.getUserDailyUsage('a', NOON, NOON)).toMatchObject([
      { bytes_processed: 1 },
    ]);
  });
});

describe('the connection of the caller', () => {
  it('is refused with a keyPrefix: SCAN would not know of it', () => {
    const redis = new Redis({ keyPrefix: 'app:', lazyConnect: true });
    expect(() => createBilling({ redis })).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
  });

  it.each([0, -1, 1.5, NaN, Infinity, 1e12])('is no place for days that live %d days', (days) => {
    expect(() => billingAt(NOON, { retentionDays: days })).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
  });

  it('serves with RESP2 and RESP3 alike', async () => {
    for (const protocol of [2, 3] as const) {
      const redis = new Redis(used.server.url, { protocol });
      const billing = createBilling({ redis, clock: () => NOON });
      await billing.trackComputeSeconds('u', 0.5, 'j');
      await billing.trackJobCompletion('u', 'j', 'skipped');
      redis.disconnect();
    }
    expect(await used.redis.hgetall('billing:user:u')).toEqual({
      compute_seconds: '1',
      job_count: '2',
      jobs_skipped: '2',
    });
  });
});

/** In days: what is left of a life that has just begun. */
async function life(key: string): Promise<number> {
  return Math.ceil((await used.redis.ttl(key)) / DAY_SECONDS);
}
