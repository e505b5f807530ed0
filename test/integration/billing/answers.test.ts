import { describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { useRedis } from '../../helpers/use-redis.js';

const NOON = new Date('2026-11-24T12:00:00.000Z');
const GIB = 1024 ** 3;
const used = useRedis();
const at = (day: string) => createBilling({ redis: used.redis, clock: () => new Date(day) });
const billing = () => createBilling({ redis: used.redis, clock: () => NOON });

describe('getUserBillingSummary', () => {
  it('is zeros for an unknown user', async () => {
    expect(await billing().getUserBillingSummary('nobody')).toMatchObject({
      user_id: 'nobody',
      bytes_processed: 0,
      bytes_processed_gb: 0,
      compute_seconds: 0,
      compute_hours: 0,
      job_count: 0,
      jobs_completed: 0,
      jobs_failed: 0,
      jobs_skipped: 0,
      estimated_cost: 0,
      month: { month: '2026-11', state: 'open', gross_cost: 0, net_cost: 0 },
    });
    expect(await used.redis.dbsize()).toBe(0);
  });

  it('prices 1 GiB and 3,600 s at exactly 0.361', async () => {
    await billing().trackBytesProcessed('u', GIB, 'j');
    await billing().trackComputeSeconds('u', 3600, 'j');
    expect(await billing().getUserBillingSummary('u')).toMatchObject({
      bytes_processed_gb: 1,
      compute_hours: 1,
      estimated_cost: 0.361,
      estimated_cost_exact: '0.361',
      month: { gross_cost: 0.361, discount_percent: 0, net_cost: 0.361 },
    });
  });

  it('has the rates and tiers that were given', async () => {
    const tiers = [{ threshold: '5', percent: '50' }];
    const pricing = { ratePerGib: '5', ratePerSecond: '0', tiers };
    const dear = createBilling({ redis: used.redis, clock: () => NOON, pricing });
    await dear.trackBytesProcessed('u', GIB, 'j');
    expect(await dear.getUserBillingSummary('u')).toMatchObject({
      estimated_cost: 5,
      month: { discount_percent: 50, net_cost: 2.5 },
    });
  });
});

describe('getUserDailyUsage', () => {
  it('takes days as text and as instants, both ends included', async () => {
    for (const day of ['2026-11-20', '2026-11-21', '2026-11-23', '2026-11-24']) {
      await at(`${day}T23:30:00Z`).trackBytesProcessed('u', Number(day.slice(-2)), 'j');
    }
    const expected = [
      { date: '2026-11-21', bytes_processed: 21 },
      { date: '2026-11-23', bytes_processed: 23 },
    ];
    const read = (start: string | Date, end: string | Date) =>
      billing().getUserDailyUsage('u', start, end);
    expect(await read('2026-11-21', '2026-11-23')).toMatchObject(expected);
    const from = new Date('2026-11-21T23:59:59.999Z');
    const to = new Date('2026-11-23T00:00:00Z');
    expect(await read(from, to)).toMatchObject(expected);
    // The same instants, told in another zone.
    expect(await read('2026-11-22T08:59:59+09:00', '2026-11-22T16:00:00-08:00')).toMatchObject(
      expected,
    );
  });

  it('is empty for an unknown user, and where the end comes before the start', async () => {
    await billing().trackBytesProcessed('u', 1, 'j');
    expect(await billing().getUserDailyUsage('nobody', NOON, NOON)).toEqual([]);
    expect(await billing().getUserDailyUsage('u', '2026-11-25', '2026-11-23')).toEqual([]);
  });

  it.each(['2026-02-30', '2026-02-30T12:00:00Z', '24.11.2026', '7', '', null as never])(
    'refuses %j',
    async (day) => {
      await expect(billing().getUserDailyUsage('u', day, NOON)).rejects.toMatchObject({
        code: 'usage',
      });
    },
  );
});

describe('getJobBillingDetails', () => {
  it('is null for an unknown job', async () => {
    expect(await billing().getJobBillingDetails('none')).toBeNull();
  });

  it('tells what is known of a job', async () => {
    await billing().trackBytesProcessed('u', 3 * 1024 ** 2, 'j');
    await billing().trackComputeSeconds('u', 10, 'j');
    await billing().trackJobCompletion('u', 'j', 'completed', { pages: 3, name: '漫画' });
    expect(await billing().getJobBillingDetails('j')).toEqual({
      job_id: 'j',
      user_id: 'u',
      bytes_processed: 3 * 1024 ** 2,
      bytes_processed_mb: 3,
      compute_seconds: 10,
      status: 'completed',
      timestamp: NOON.toISOString(),
      completed_at: NOON.toISOString(),
      job_cost: 0.001,
      job_cost_exact: '0.0010029296875',
      metadata: { pages: 3, name: '漫画' },
    });
  });
});

describe('getAllUsersBillingSummary', () => {
  it('has every user once, the highest cost first, equal ones by name', async () => {
    const seconds = { low: 1, b: 500, high: 90_000, a: 500 };
    for (const [user, amount] of Object.entries(seconds)) {
      await billing().trackComputeSeconds(user, amount, `job of ${user}`);
    }
    const users = await billing().getAllUsersBillingSummary();
    expect(users.map((user) => [user.user_id, user.estimated_cost])).toEqual([
      ['high', 9],
      ['a', 0.05],
      ['b', 0.05],
      ['low', 0.0001],
    ]);
  });

  it('is empty where there are none', async () => {
    expect(await billing().getAllUsersBillingSummary()).toEqual([]);
  });
});

describe('resetUserBilling', () => {
  it('removes the totals of one user alone; days and jobs stay', async () => {
    await billing().trackBytesProcessed('u', 1, 'j');
    await billing().trackBytesProcessed('u*', 1, 'j2');
    expect(await billing().resetUserBilling('u')).toBe(true);
    expect((await used.redis.keys('*')).sort()).toEqual([
      'billing:daily:u*:2026-11-24',
      'billing:daily:u:2026-11-24',
      'billing:job:j',
      'billing:job:j2',
      'billing:user:u*',
    ]);
  });

  it('is true for an unknown user too', async () => {
    expect(await billing().resetUserBilling('nobody')).toBe(true);
  });
});
