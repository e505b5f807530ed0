import { describe, expect, it } from 'vitest';
import {
  type RetentionPolicy,
  keptByPolicy,
  refuseFoolishPolicy,
} from '../../../../src/repository/retention/policy.js';

const NOW = '2024-03-01T12:00:00.000Z';

/** The times, oldest first by sequence, that the policy keeps; with the reasons. */
function kept(times: readonly string[], policy: RetentionPolicy, now = NOW) {
  const backups = times.map((time) => ({ id: time, createdAt: new Date(time) }));
  return Object.fromEntries(keptByPolicy(backups, policy, new Date(now)));
}

describe('keep-days', () => {
  const days = 30;

  it('keeps what is younger, and not what is exactly so old', () => {
    const times = [
      '2024-01-31T11:59:59.999Z',
      '2024-01-31T12:00:00.000Z',
      '2024-01-31T12:00:00.001Z',
      NOW,
    ];
    expect(kept(times, { days })).toEqual({
      '2024-01-31T12:00:00.001Z': ['within 30 days'],
      [NOW]: ['within 30 days'],
    });
  });

  it('takes what comes from the future for young', () => {
    expect(kept(['2030-01-01T00:00:00Z'], { days: 1 })).toEqual({
      '2030-01-01T00:00:00Z': ['within 1 day'],
    });
  });

  it('counts days of 24 hours, over a leap day too', () => {
    const now = '2024-03-01T00:00:00Z';
    expect(Object.keys(kept(['2024-02-28T00:00:00Z'], { days: 2 }, now))).toEqual([]);
    expect(Object.keys(kept(['2024-02-28T00:00:01Z'], { days: 2 }, now))).toHaveLength(1);
  });

  it('keeps all for a number of days that reaches before the calendar', () => {
    expect(Object.keys(kept(['0001-01-01T00:00:00Z'], { days: 999_999_999 }))).toHaveLength(1);
  });
});

describe('keep-last', () => {
  it('keeps so many of the newest by sequence, whatever the clock said', () => {
    const times = ['2024-01-03T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'];
    expect(kept(times, { last: 2 })).toEqual({
      '2024-01-02T00:00:00Z': ['last 2'],
      '2024-01-01T00:00:00Z': ['last 2'],
    });
  });

  it('keeps all where there are fewer', () => {
    expect(Object.keys(kept([NOW], { last: 2 }))).toEqual([NOW]);
  });
});

describe('the periods', () => {
  it('count only where they have a backup, and the newest of each stays', () => {
    const times = [
      '2024-01-01T10:00:00Z',
      '2024-01-01T23:00:00Z',
      '2024-01-05T10:00:00Z',
      '2024-01-20T10:00:00Z',
      '2024-01-20T11:00:00Z',
    ];
    expect(kept(times, { daily: 3 })).toEqual({
      '2024-01-20T11:00:00Z': ['daily 2024-01-20'],
      '2024-01-05T10:00:00Z': ['daily 2024-01-05'],
      '2024-01-01T23:00:00Z': ['daily 2024-01-01'],
    });
    expect(Object.keys(kept(times, { daily: 2 }))).toHaveLength(2);
  });

  it('are each told that a backup stands for', () => {
    const times = ['2020-12-31T23:00:00Z', '2021-01-01T01:00:00Z'];
    expect(kept(times, { hourly: 1, daily: 1, weekly: 1, monthly: 1, yearly: 2 })).toEqual({
      '2021-01-01T01:00:00Z': [
        'hourly 2021-01-01T01',
        'daily 2021-01-01',
        'weekly 2020-W53',
        'monthly 2021-01',
        'yearly 2021',
      ],
      '2020-12-31T23:00:00Z': ['yearly 2020'],
    });
  });

  it('are not opened twice by a clock that was set back', () => {
    const times = ['2024-01-02T10:00:00Z', '2024-01-01T10:00:00Z', '2024-01-02T09:00:00Z'];
    expect(kept(times, { daily: 3 })).toEqual({
      '2024-01-02T09:00:00Z': ['daily 2024-01-02'],
      '2024-01-01T10:00:00Z': ['daily 2024-01-01'],
    });
  });

  it('do what the documentation of restic says of 7 daily, 5 weekly, 12 monthly, 75 yearly', () => {
    const times: string[] = [];
    const end = Date.UTC(2023, 11, 31, 12);
    for (let day = 100 * 365; day >= 0; day--) {
      times.push(new Date(end - day * 86_400_000).toISOString());
    }
    const policy = { daily: 7, weekly: 5, monthly: 12, yearly: 75 };
    const reasons = Object.values(kept(times, policy));
    // The end is a Sunday, a last day of a month and of a year at once.
    expect(reasons).toHaveLength(7 + 4 + 11 + 74);
    expect(reasons.flat()).toHaveLength(7 + 5 + 12 + 75);
  });
});

describe('a foolish policy', () => {
  it.each<[string, RetentionPolicy]>([
    ['no rule', {}],
    ['rules that are undefined', { days: undefined, last: undefined }],
    ['all zeros', { days: 0, last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 }],
    ['a negative number', { last: 3, daily: -1 }],
    ['no number', { last: 3, weekly: NaN }],
    ['half a day', { days: 0.5 }],
    ['no end', { last: Infinity }],
  ])('of %s is refused as wrong usage', (_, policy) => {
    expect(() => refuseFoolishPolicy(policy)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('is not one that has zeros beside a number', () => {
    expect(() => refuseFoolishPolicy({ days: 0, yearly: 1 })).not.toThrow();
  });
});
