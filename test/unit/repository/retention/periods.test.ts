import { describe, expect, it } from 'vitest';
import { type Period, periodOf, utcTime } from '../../../../src/repository/retention/periods.js';

describe('periodOf', () => {
  it.each<[Period, string, string]>([
    ['hourly', '2024-01-15T02:59:59.999Z', '2024-01-15T02'],
    ['hourly', '2024-01-15T03:00:00Z', '2024-01-15T03'],
    ['daily', '2024-02-29T23:59:59.999Z', '2024-02-29'],
    ['daily', '2024-03-01T00:00:00Z', '2024-03-01'],
    ['monthly', '2024-02-29T12:00:00Z', '2024-02'],
    ['yearly', '2023-12-31T23:59:59.999Z', '2023'],
    ['yearly', '2024-01-01T00:00:00Z', '2024'],
    // Monday 00:00 to Sunday 24:00.
    ['weekly', '2024-01-14T23:59:59.999Z', '2024-W02'],
    ['weekly', '2024-01-15T00:00:00Z', '2024-W03'],
    // The year of 53 weeks, whose last one reaches into the next year.
    ['weekly', '2020-12-27T23:59:59.999Z', '2020-W52'],
    ['weekly', '2020-12-28T00:00:00Z', '2020-W53'],
    ['weekly', '2021-01-01T00:00:00Z', '2020-W53'],
    ['weekly', '2021-01-03T23:59:59.999Z', '2020-W53'],
    ['weekly', '2021-01-04T00:00:00Z', '2021-W01'],
    // The last days of December that belong to the next year already.
    ['weekly', '2024-12-29T00:00:00Z', '2024-W52'],
    ['weekly', '2024-12-30T00:00:00Z', '2025-W01'],
    ['weekly', '2024-12-31T23:59:59Z', '2025-W01'],
    ['weekly', '2023-01-01T12:00:00Z', '2022-W52'],
    // A leap day.
    ['weekly', '2024-02-29T00:00:00Z', '2024-W09'],
  ])('%s of %s is %s', (period, time, name) => {
    expect(periodOf(period, new Date(time))).toBe(name);
  });
});

describe('utcTime', () => {
  it('reads what a summary has', () => {
    expect(utcTime('2024-02-29T02:00:00.123Z')).toEqual(new Date('2024-02-29T02:00:00.123Z'));
  });

  it.each(['', 'yesterday', '2024-01-15', '2024-01-15T02:00:00', '2024-13-01T00:00:00Z'])(
    'takes %j for no time',
    (text) => {
      expect(utcTime(text)).toBeUndefined();
    },
  );
});
