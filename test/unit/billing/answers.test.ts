import { describe, expect, it } from 'vitest';
import { findingAnswer } from '../../../src/billing/audit.js';
import {
  dailyAnswer,
  jobAnswer,
  summaryAnswer,
  totalsAnswer,
} from '../../../src/billing/answers.js';
import { Decimal } from '../../../src/billing/money.js';
import { billMonth } from '../../../src/billing/month-bill.js';
import { costOf } from '../../../src/billing/pricing.js';
import { pricingWith, usageOf } from './arbitrary-usage.js';

const PERIOD = { today: '2026-11-24', retentionDays: 90 };
const GIB = 1024n ** 3n;
const pricing = pricingWith();

const USAGE = usageOf({
  bytes: GIB + GIB / 2n,
  microseconds: 3_600_100_000n,
  jobs: 6n,
  completed: 3n,
  failed: 2n,
  skipped: 1n,
});
const COST = costOf(pricing, USAGE);
const USAGE_ANSWER = {
  bytes_processed: 1610612736,
  compute_seconds: 3600.1,
  job_count: 6,
  jobs_completed: 3,
  jobs_failed: 2,
  jobs_skipped: 1,
};
const COST_TEXT = '0.36151';

describe('the answer of a summary', () => {
  const row = { userId: 'a:b', lifetime: USAGE, cost: COST, month: undefined };

  it('has the names of the HTTP API, and no month where none was asked for', () => {
    expect(summaryAnswer(row)).toEqual({
      user_id: 'a:b',
      bytes_processed_gb: 1.5,
      compute_hours: 1.000028,
      ...USAGE_ANSWER,
      estimated_cost: 0.3615,
      estimated_cost_exact: COST_TEXT,
    });
  });

  it('has the month with gross, discount and net, each rounded once', () => {
    const dear = pricingWith({ ratePerGib: '400', ratePerSecond: '0' });
    const month = billMonth(dear, '2026-11', USAGE, PERIOD);
    expect(summaryAnswer({ ...row, month }).month).toEqual({
      month: '2026-11',
      state: 'open',
      bytes_processed: 1610612736,
      compute_seconds: 3600.1,
      job_count: 6,
      gross_cost: 600,
      gross_cost_exact: '600',
      discount_percent: 20,
      discount_threshold: 500,
      discount: 120,
      net_cost: 480,
      net_cost_exact: '480',
    });
  });

  it('has no threshold below the first tier, and the state of a month that is over', () => {
    const month = billMonth(pricing, '2026-10', USAGE, PERIOD);
    expect(summaryAnswer({ ...row, month }).month).toMatchObject({
      state: 'final',
      discount_percent: 0,
      discount_threshold: null,
      discount: 0,
      net_cost_exact: COST_TEXT,
    });
  });

  it('has null for every figure of an expired month, never a smaller sum', () => {
    const month = billMonth(pricing, '2026-08', USAGE, PERIOD);
    expect(summaryAnswer({ ...row, month }).month).toEqual({
      month: '2026-08',
      state: 'expired',
      bytes_processed: null,
      compute_seconds: null,
      job_count: null,
      gross_cost: null,
      gross_cost_exact: null,
      discount_percent: null,
      discount_threshold: null,
      discount: null,
      net_cost: null,
      net_cost_exact: null,
    });
  });
});

describe('integers', () => {
  it.each([
    [2n ** 53n - 1n, 9007199254740991],
    [2n ** 53n, 2n ** 53n],
    [2n ** 53n + 1n, 2n ** 53n + 1n],
    [-(2n ** 53n), -(2n ** 53n)],
    [0n, 0],
  ])('of %s keep every digit', (value, answer) => {
    const usage = usageOf({
      bytes: value,
      jobs: value,
      completed: value,
      failed: value,
      skipped: value,
    });
    const row = { userId: 'u', lifetime: usage, cost: costOf(pricing, usage), month: undefined };
    expect(summaryAnswer(row)).toMatchObject({
      bytes_processed: answer,
      job_count: answer,
      jobs_completed: answer,
      jobs_failed: answer,
      jobs_skipped: answer,
    });
  });
});

describe('the answer of days', () => {
  const report = {
    userId: 'u',
    start: '2026-11-23',
    end: '2026-11-24',
    days: [
      { day: '2026-11-23', usage: USAGE },
      { day: '2026-11-24', usage: usageOf({ bytes: 2n ** 63n }) },
    ],
    totals: USAGE,
    expiredUntil: undefined,
    problems: [],
  };

  it('has a row a day, and totals', () => {
    const cost = { cost: 0.3615, cost_exact: COST_TEXT };
    const answer = dailyAnswer(pricing, report);
    expect(answer).toMatchObject({
      user_id: 'u',
      start_date: '2026-11-23',
      end_date: '2026-11-24',
      totals: { ...USAGE_ANSWER, ...cost },
      expired_until: null,
      problems: [],
    });
    expect(answer.daily_usage).toHaveLength(2);
    expect(answer.daily_usage[0]).toEqual({ date: '2026-11-23', ...USAGE_ANSWER, ...cost });
    expect(answer.daily_usage[1]).toMatchObject({
      bytes_processed: 2n ** 63n,
      cost: 8589934.592,
      cost_exact: '8589934.592',
    });
  });

  it('has an empty list, the last expired day, and what could not be read', () => {
    const problem = { key: 'k', field: 'job_count', problem: 'is not a number: "x"' };
    const rest = { days: [], expiredUntil: '2026-08-26', problems: [problem] };
    const answer = dailyAnswer(pricing, { ...report, ...rest });
    expect(answer.daily_usage).toEqual([]);
    expect(answer.expired_until).toBe('2026-08-26');
    expect(answer.problems).toEqual([problem]);
  });
});

describe('the answer of a job', () => {
  it('has the names of the HTTP API, and null for what is not known', () => {
    const known = {
      jobId: '7',
      userId: 'u',
      usage: USAGE,
      cost: COST,
      status: 'completed',
      timestamp: '2026-11-24T01:00:00.000Z',
      completedAt: '2026-11-24T02:00:00.000Z',
      metadata: { pages: 3 },
      problems: [],
    };
    const answer = {
      job_id: '7',
      user_id: 'u',
      bytes_processed: 1610612736,
      bytes_processed_mb: 1536,
      compute_seconds: 3600.1,
      status: 'completed',
      timestamp: '2026-11-24T01:00:00.000Z',
      completed_at: '2026-11-24T02:00:00.000Z',
      job_cost: 0.3615,
      job_cost_exact: COST_TEXT,
      metadata: { pages: 3 },
    };
    expect(jobAnswer(known)).toEqual(answer);
    const unknown = { userId: null, status: null, timestamp: null, completedAt: null };
    expect(jobAnswer({ ...known, ...unknown, metadata: {} })).toEqual({
      ...answer,
      ...{ user_id: null, status: null, timestamp: null, completed_at: null, metadata: {} },
    });
  });
});

describe('the totals of all users', () => {
  it('have the month where one was asked for', () => {
    const totals = { lifetime: USAGE, cost: COST };
    const lifetime = { ...USAGE_ANSWER, estimated_cost: 0.3615, estimated_cost_exact: COST_TEXT };
    expect(totalsAnswer({ ...totals, month: undefined })).toEqual(lifetime);
    const month = { usage: USAGE, gross: COST, net: new Decimal('0.30005') };
    expect(totalsAnswer({ ...totals, month })).toEqual({
      ...lifetime,
      month: {
        bytes_processed: 1610612736,
        compute_seconds: 3600.1,
        job_count: 6,
        gross_cost: 0.3615,
        gross_cost_exact: COST_TEXT,
        net_cost: 0.3001,
        net_cost_exact: '0.30005',
      },
    });
  });

  it('have null for all of an expired month', () => {
    const month = { usage: undefined, gross: undefined, net: undefined };
    const { month: answer } = totalsAnswer({ lifetime: USAGE, cost: COST, month });
    expect(Object.keys(answer ?? {})).toHaveLength(7);
    expect(new Set(Object.values(answer ?? {}))).toEqual(new Set([null]));
  });
});

describe('the answer of a finding', () => {
  const finding = {
    severity: 'drift' as const,
    kind: 'days_exceed_lifetime' as const,
    userId: 'u',
    key: null,
    what: 'the days add up to more',
    cause: 'a reset',
  };

  it('has the difference in bytes, seconds and dollars', () => {
    const { userId, ...rest } = finding;
    expect(findingAnswer(pricing, { ...finding, difference: USAGE })).toEqual({
      ...rest,
      user_id: userId,
      difference: { ...USAGE_ANSWER, cost: 0.3615, cost_exact: COST_TEXT },
    });
  });

  it('has null where there is none', () => {
    expect(findingAnswer(pricing, { ...finding, difference: undefined }).difference).toBeNull();
  });
});
