import { describe, expect, it } from 'vitest';
import {
  daysPath,
  isGone,
  labelsOf,
  rangeOf,
  scaleOf,
  type DayRow,
} from '../../../../src/web/billing/days.js';
import { addDays } from '../../../../src/web/text/months.js';

const DAYS = '/api/billing/daily-usage?';

describe('the days of a bill', () => {
  it('are 30, or the month that was chosen', () => {
    expect(rangeOf(undefined, false)).toBe('30d');
    expect(rangeOf(undefined, true)).toBe('month');
    expect(rangeOf('90d', true)).toBe('90d');
    expect(rangeOf('12d', false)).toBe('30d');
  });

  it.each([
    ['7d', `${DAYS}user_id=alice&start_date=2026-11-23&fill=true`],
    ['30d', `${DAYS}user_id=alice&start_date=2026-10-31&fill=true`],
    ['month', `${DAYS}user_id=alice&start_date=2026-11-01&fill=true`],
  ] as const)('that run have no end: %s', (range, path) => {
    const wanted = { month: '2026-11', isOpen: true, today: '2026-11-29', userId: 'alice' };
    expect(daysPath({ ...wanted, range })).toBe(path);
  });

  it('of a month that is over end with it', () => {
    const wanted = { isOpen: false, today: '2026-11-29', userId: undefined } as const;
    expect(daysPath({ ...wanted, range: 'month', month: '2024-02' })).toBe(
      `${DAYS}start_date=2024-02-01&end_date=2024-02-29&fill=true`,
    );
  });

  it('are gone where nothing is left of a day that may have expired', () => {
    const day = { date: '2026-08-01', job_count: 0, bytes_processed: 0 } as DayRow;
    expect(isGone(day, '2026-08-01')).toBe(true);
    expect(isGone(day, '2026-07-31')).toBe(false);
    expect(isGone(day, null)).toBe(false);
    expect(isGone({ ...day, job_count: 1 }, '2026-08-01')).toBe(false);
  });
});

describe('the scale', () => {
  it.each([
    [13.84, ['$15', '$10', '$5', '$0']],
    [0, ['$1', '$0']],
    [1, ['$1.0', '$0.5', '$0']],
    [4, ['$4', '$3', '$2', '$1', '$0']],
    [0.00021, ['$0.0003', '$0.0002', '$0.0001', '$0']],
    [45_000, ['$60k', '$40k', '$20k', '$0']],
  ])('of %s', (most, ticks) => {
    const scale = scaleOf(most);
    expect(scale.ticks).toEqual(ticks);
    expect(scale.top).toBeGreaterThanOrEqual(most);
  });

  it.each([1, 7, 28, 30, 31, 90])('names few of %s days, the last among them', (count) => {
    const days = Array.from({ length: count }, (_, index) => addDays('2026-09-01', index));
    const labels = labelsOf(days);
    expect(labels.length).toBeLessThanOrEqual(6);
    expect(labels.at(-1)?.x).toBeCloseTo(((count - 0.5) / count) * 100);
  });
});
