import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { openJobIndex } from '../../../src/billing/job-index.js';
import { findRecords, removeRecord } from '../../../src/billing/reset.js';
import { withTranslatedErrors } from '../../../src/redis/reader.js';
import { build, distrust, indexed, scanned } from '../../helpers/job-index.js';
import { todaysWriter } from '../../helpers/todays-writer.js';
import { useRedis } from '../../helpers/use-redis.js';

const NOON = new Date('2026-11-24T12:00:00.000Z');
const DAY_MS = 86_400_000;
const HAS_COUNTED = 'a writer that does not keep it has counted';

const used = useRedis();
const after = (days: number, ms = 0) => new Date(NOON.getTime() + days * DAY_MS + ms);
const billingAt = (now: Date, redis = used.redis) => createBilling({ redis, clock: () => now });
const oldAt = (now: Date) => todaysWriter(used.redis, () => now);
const idsOf = async (user: string) => (await indexed(used.redis, user))?.map(({ jobId }) => jobId);

describe('without `jobs index`', () => {
  it('the tracker keeps none', async () => {
    await billingAt(NOON).trackBytesProcessed('u', 1, 'j');
    expect(await used.redis.keys('billing:index:*')).toEqual([]);
    expect(await distrust(used.redis, 'u')).toBe('there is none');
  });
});

describe('the index of a user', () => {
  it('whom nobody knew begins whole, with the first call', async () => {
    await build(used.redis, { now: NOON });
    const billing = billingAt(after(1));
    await billing.trackBytesProcessed('u', 1, 'a');
    expect(await idsOf('u')).toEqual(['a']);
    await billing.trackComputeSeconds('u', 0.1, 'b');
    await billing.trackJobCompletion('u', 'c', 'failed');
    expect(await idsOf('u')).toEqual(['c', 'b', 'a']);
  });

  it('is sorted by the end of a job, else its last call', async () => {
    await build(used.redis, { now: NOON });
    const calls: [number, (at: Date) => Promise<unknown>][] = [
      [0, (at) => billingAt(at).trackJobCompletion('u', 'ended', 'completed')],
      [1, (at) => billingAt(at).trackBytesProcessed('u', 1, 'runs')],
      [2, (at) => billingAt(at).trackBytesProcessed('u', 1, 'new')],
      [3, (at) => billingAt(at).trackBytesProcessed('u', 1, 'ended')],
      [4, (at) => billingAt(at).trackComputeSeconds('u', 1, 'runs')],
    ];
    for (const [ms, call] of calls) await call(after(1, ms));
    expect(await idsOf('u')).toEqual(['runs', 'new', 'ended']);
    const index = await openJobIndex(used.redis, 'u');
    if (!index.trusted) return expect.fail(index.reason);
    expect(index.count()).toBe(3);
    expect(await index.page(1, 1)).toEqual(['new']);
    expect(await index.page(2, 5)).toEqual(['ended']);
    expect(await index.page(3, 5)).toEqual([]);
    expect(await index.page(0, 0)).toEqual([]);
  });

  it('is not trusted from the first command of an old writer on, until it is built again', async () => {
    const billing = billingAt(after(1));
    await build(used.redis, { now: NOON });
    await billing.trackBytesProcessed('u', 1, 'a');
    await used.redis.hincrby('billing:user:u', 'bytes_processed', 1);
    expect(await distrust(used.redis, 'u')).toBe(HAS_COUNTED);
    await oldAt(after(1)).trackBytesProcessed('u', 1, 'b');
    await billing.trackBytesProcessed('u', 1, 'c');
    expect(await distrust(used.redis, 'u')).toBe(HAS_COUNTED);
    await build(used.redis, { now: after(1) });
    expect((await idsOf('u'))?.sort()).toEqual(['a', 'b', 'c']);
  });

  it('is not trusted after a reset of old, though the figures come back', async () => {
    await build(used.redis, { now: NOON });
    await billingAt(after(1)).trackBytesProcessed('u', 100, 'a');
    const figures = await used.redis.hgetall('billing:user:u');
    await used.redis.del('billing:user:u');
    expect(await distrust(used.redis, 'u')).toBe(HAS_COUNTED);
    await oldAt(after(2)).trackBytesProcessed('u', 100, 'b');
    const { job_index: mark, ...counters } = figures;
    expect(mark).toBe('1');
    expect(await used.redis.hgetall('billing:user:u')).toEqual(counters);
    expect(await distrust(used.redis, 'u')).toBe(HAS_COUNTED);
  });

  it('that an old writer served since the build, and reset, is no new one', async () => {
    await build(used.redis, { now: NOON });
    await oldAt(after(30)).trackBytesProcessed('u', 100, 'a');
    await used.redis.del('billing:user:u');
    await billingAt(after(59)).trackBytesProcessed('u', 1, 'b');
    expect(await distrust(used.redis, 'u')).toBe('it is not complete');
  });

  it.each([
    { what: 'a clock that is two days behind', days: -2, isNew: false },
    { what: 'a clock that is a day behind', days: -1, isNew: true },
    { what: 'the last day on which the days tell', days: 60, isNew: true },
    { what: 'a day later', days: 61, isNew: false },
  ])('is taken for new or not, by $what', async ({ days, isNew }) => {
    await build(used.redis, { now: NOON });
    await billingAt(after(days)).trackBytesProcessed('u', 1, 'j');
    expect((await distrust(used.redis, 'u')) === undefined).toBe(isNew);
  });

  it.each([
    { retentionDays: 30, days: 28, isNew: true },
    { retentionDays: 30, days: 29, isNew: false },
    { retentionDays: 1, days: 0, isNew: false },
  ])('is new for no longer than days live: %o', async ({ retentionDays, days, isNew }) => {
    await build(used.redis, { now: NOON, retentionDays });
    await billingAt(after(days)).trackBytesProcessed('u', 1, 'j');
    expect((await distrust(used.redis, 'u')) === undefined).toBe(isNew);
  });

  it('stays whole over float dust, and over bytes beyond 2^53', async () => {
    for (const seconds of ['3600.10000000000000009', '1e-7', '0.1', '12345678901234.000001']) {
      await used.redis.flushall();
      await used.redis.hset('billing:user:u', { compute_seconds: seconds, bytes_processed: '7' });
      await build(used.redis, { now: NOON });
      for (let n = 1; n <= 30; n++) {
        await billingAt(after(1, n)).trackComputeSeconds('u', 0.1 * n, `j${n}`);
        await billingAt(after(1, n)).trackBytesProcessed('u', 2n ** 53n + 1n, `j${n}`);
        expect(await distrust(used.redis, 'u')).toBeUndefined();
      }
      expect(await idsOf('u')).toHaveLength(30);
    }
  });

  it('counts an event that is repeated once', async () => {
    await build(used.redis, { now: NOON });
    for (let call = 0; call < 3; call++) {
      await billingAt(after(1)).trackBytesProcessed('u', 1, 'j', { eventId: 'e' });
    }
    expect(await idsOf('u')).toEqual(['j']);
  });

  it('leaves out a job that became another user’s', async () => {
    await build(used.redis, { now: NOON });
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'undefined');
    await billingAt(after(1)).trackBytesProcessed('v', 1, 'undefined');
    expect(await idsOf('u')).toEqual([]);
    expect(await idsOf('v')).toEqual(['undefined']);
  });

  it('drops jobs that are gone, and none that is there, however old', async () => {
    await build(used.redis, { now: NOON });
    for (let n = 0; n < 200; n++) {
      await billingAt(after(1, n)).trackBytesProcessed('u', 1, `j${n}`);
    }
    // Every tenth of them was never given a life.
    const gone = Array.from({ length: 200 }, (_none, n) => n).filter((n) => n % 10 !== 0);
    await used.redis.del(gone.map((n) => `billing:job:j${n}`));
    for (let n = 0; n < 300; n++) {
      await billingAt(after(367, n * 7)).trackBytesProcessed('u', 1, `new${n}`);
    }
    const truth = await scanned(used.redis, 'u');
    expect(truth).toHaveLength(320);
    expect((await idsOf('u'))?.sort()).toEqual(truth.map(({ jobId }) => jobId).sort());
    expect(await used.redis.zcard('billing:index:jobs:u')).toBeLessThan(350);
  });

  it('is not trusted where it was evicted, in whole or in part', async () => {
    await build(used.redis, { now: NOON });
    for (const job of ['a', 'b']) await billingAt(after(1)).trackBytesProcessed('u', 1, job);
    await used.redis.zrem('billing:index:jobs:u', 'a');
    expect(await distrust(used.redis, 'u')).toBe('a part of it is missing');
    await used.redis.del('billing:index:jobs:u');
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'c');
    expect(await distrust(used.redis, 'u')).toBe('a part of it is missing');
  });
});

describe('a reset', () => {
  const reset = async (all: boolean, between?: () => Promise<void>) => {
    const signal = new AbortController().signal;
    const records = await findRecords(used.redis, { userId: 'u', all, signal });
    await between?.();
    let left = records;
    while (left.length > 0) {
      const now = await Promise.all(left.map((record) => removeRecord(used.redis, record)));
      left = now.filter((record) => record !== undefined);
    }
  };

  it('of all takes the jobs out of the index, and the next build begins anew', async () => {
    await build(used.redis, { now: NOON });
    for (const job of ['a', 'b']) await billingAt(after(1)).trackBytesProcessed('u', 1, job);
    await reset(true);
    expect(await used.redis.exists('billing:index:jobs:u')).toBe(0);
    expect(await distrust(used.redis, 'u')).toBe('it is not complete');
    await build(used.redis, { now: after(2) });
    expect(await used.redis.keys('billing:index:*')).toEqual(['billing:index:built']);
    await billingAt(after(2)).trackBytesProcessed('u', 1, 'c');
    expect(await idsOf('u')).toEqual(['c']);
  });

  it('does not make a new user of one for whom an old writer counts meanwhile', async () => {
    await build(used.redis, { now: NOON });
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'a');
    await reset(true, () => oldAt(after(1)).trackBytesProcessed('u', 1, 'b'));
    expect(await used.redis.keys('billing:daily:u:*')).toEqual([]);
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'c');
    expect(await scanned(used.redis, 'u')).toHaveLength(2);
    expect(await distrust(used.redis, 'u')).toBe('it is not complete');
  });

  it('leaves no trace of an index where there is none', async () => {
    await billingAt(NOON).trackBytesProcessed('u', 1, 'a');
    await reset(true);
    expect(await used.redis.dbsize()).toBe(0);
  });
});

describe('keys of another type', () => {
  it.each(['built', 'jobs:u', 'state:u'])('at %s do not disturb the tracker', async (name) => {
    await build(used.redis, { now: NOON });
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'a');
    await used.redis.set(`billing:index:${name}`, 'x');
    expect(await distrust(used.redis, 'u')).toBeTypeOf('string');
    const tracked = await billingAt(after(1)).trackBytesProcessed('u', 1, 'b');
    expect(tracked).toEqual({ counted: true });
    expect(await distrust(used.redis, 'u')).toBeTypeOf('string');
    expect(await used.redis.hget('billing:user:u', 'bytes_processed')).toBe('2');
    await build(used.redis, { now: after(1) });
    expect((await idsOf('u'))?.sort()).toEqual(['a', 'b']);
  });
});

describe('a user of Redis', () => {
  const limited = async <T>(rights: string, work: (redis: Redis) => Promise<T>): Promise<T> => {
    await used.redis.call('ACL', 'SETUSER', 'limited', 'reset', 'on', '>pw', ...rights.split(' '));
    const redis = new Redis(used.server.url, {
      ...{ username: 'limited', password: 'pw', enableReadyCheck: false },
    });
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  };
  const worker = '~billing:user:* ~billing:daily:* ~billing:job:* ~billing:event:*';

  it.each([
    ['without the keys of the index', `+@all ${worker}`],
    ['who may only read them', `+@all ${worker} %R~billing:index:*`],
    ['who cannot ZADD', '+@all -zadd ~*'],
    ['who cannot ZCOUNT', '+@all -zcount ~*'],
  ])('%s can still track, and what is trusted is true', async (_what, rights) => {
    await build(used.redis, { now: NOON });
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'a');
    await limited(rights, async (redis) => {
      const options = { eventId: 'e' };
      const counted = { counted: true };
      expect(await billingAt(after(1), redis).trackBytesProcessed('u', 1, 'b', options)).toEqual(
        counted,
      );
      expect(await billingAt(after(1), redis).trackJobCompletion('n', 'c', 'failed')).toEqual(
        counted,
      );
    });
    for (const user of ['u', 'n']) {
      const ids = await idsOf(user);
      const truth = (await scanned(used.redis, user)).map(({ jobId }) => jobId);
      if (ids !== undefined) expect(ids.sort()).toEqual(truth.sort());
      if (!rights.includes('zcount')) expect(ids).toBeUndefined();
    }
  });

  it('who may only read uses the index; one without its keys scans', async () => {
    await build(used.redis, { now: NOON });
    await billingAt(after(1)).trackBytesProcessed('u', 1, 'a');
    const [all, none] = ['~*', '~billing:user:* ~billing:job:*'];
    const ask = (redis: Redis) => openJobIndex(withTranslatedErrors(redis, 'a server'), 'u');
    expect(await limited(`+@read +@connection ${all}`, ask)).toMatchObject({ trusted: true });
    expect(await limited(`+@read +@connection ${none}`, ask)).toEqual({
      ...{ trusted: false, reason: 'there is none' },
    });
  });
});
