import { describe, expect, it } from 'vitest';
import { costOfRecord } from '../../../src/billing/job-records.js';
import { sortTimeOf } from '../../../src/job-record.js';
import { DEFAULT_PRICING } from '../../../src/billing/billing.js';
import { createPricing } from '../../../src/billing/pricing.js';

const NOON = Date.UTC(2026, 10, 24, 12);

describe('the time by which a record is sorted', () => {
  it.each([
    ['2026-11-24T12:00:00.000Z', NOON],
    ['2026-11-24t12:00:00z', NOON],
    ['2026-11-24 12:00:00.0004Z', NOON],
    ['2026-11-24T12:00:00.1239999+00:00', NOON + 123],
    ['2026-11-24T13:30:00+01:30', NOON],
    ['2026-11-24T02:00:00-10:00', NOON],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1970-01-01T00:00:00Z', 0],
  ])('is %s', (text, ms) => {
    expect(sortTimeOf({ completedAt: text, timestamp: null })).toBe(ms);
    expect(sortTimeOf({ completedAt: null, timestamp: text })).toBe(ms);
  });

  it('is the end, and the last call only where that is not a time', () => {
    const timestamp = '2026-11-24T12:00:00.000Z';
    const at = (completedAt: string | null) => sortTimeOf({ completedAt, timestamp });
    expect(at('2026-11-24T12:00:00.001Z')).toBe(NOON + 1);
    for (const none of [null, '', 'soon', '2026-11-24', '1764000000000', '2026-13-01T00:00:00Z']) {
      expect(at(none)).toBe(NOON);
    }
  });

  it('is unknown where neither is a time', () => {
    expect(sortTimeOf({ completedAt: null, timestamp: null })).toBeUndefined();
    expect(sortTimeOf({ completedAt: 'x', timestamp: '2026-11-24T25:00:00Z' })).toBeUndefined();
  });
});

describe('the cost of a record', () => {
  const pricing = createPricing(DEFAULT_PRICING);

  it('is that of its bytes and seconds, exactly', () => {
    const record = { jobId: 'j', bytes: String(1024 ** 3), seconds: '3600.00000000000000009' };
    const { cost, problems } = costOfRecord(pricing, record);
    expect(cost.toString()).toBe('0.361');
    expect(problems).toEqual([]);
    expect(costOfRecord(pricing, { jobId: 'j', bytes: null, seconds: null }).cost.isZero()).toBe(
      true,
    );
  });

  it('takes what is not a number for 0, and names it', () => {
    const { cost, problems } = costOfRecord(pricing, { jobId: 'j', bytes: 'x', seconds: '1' });
    expect(cost.toString()).toBe('0.0001');
    expect(problems).toEqual([
      { key: 'billing:job:j', field: 'bytes_processed', problem: 'is not a number: "x"' },
    ]);
  });
});
