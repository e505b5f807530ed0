import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  countDays,
  dayOf,
  daysBetween,
  firstDayOf,
  firstRetainedDay,
  lastDayOf,
  monthOf,
  monthsBefore,
  parseDay,
  parseMonth,
  stateOfMonth,
} from '../../../src/billing/calendar.js';

const days = fc
  .date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map(dayOf);

describe('a day', () => {
  it('is that of UTC, to the last millisecond', () => {
    expect(dayOf(new Date('2026-11-24T23:59:59.999Z'))).toBe('2026-11-24');
    expect(dayOf(new Date('2026-11-25T00:00:00+01:00'))).toBe('2026-11-24');
  });

  it.each(['2024-02-29', '2000-02-29', '0000-01-01', '9999-12-31', '2026-12-31'])(
    '%s is one',
    (text) => {
      expect(parseDay(text)).toBe(text);
    },
  );

  it.each([
    ...['2026-02-29', '1900-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-10'],
    ...[
      '2026-01-00',
      '2026-1-1',
      '2026-11-24T00:00:00Z',
      ' 2026-11-24',
      '2026-11-24\n',
      '',
      'today',
    ],
    ...['+002026-11-24', '-2026-11-24', '20261124', '٢٠٢٦-١١-٢٤'],
  ])('%j is none', (text) => {
    expect(parseDay(text)).toBeUndefined();
  });
});

describe('a month', () => {
  it.each(['2026-11', '0001-01', '9999-12'])('%s is one', (text) => {
    expect(parseMonth(text)).toBe(text);
  });

  it.each(['2026-13', '2026-00', '2026-1', '2026', '2026-11-01', '', '2026-11 '])(
    '%j is none',
    (text) => {
      expect(parseMonth(text)).toBeUndefined();
    },
  );

  it.each([
    ['2026-02', '2026-02-28'],
    ['2024-02', '2024-02-29'],
    ['1900-02', '1900-02-28'],
    ['2000-02', '2000-02-29'],
    ['2026-12', '2026-12-31'],
    ['0050-01', '0050-01-31'],
    ['9999-12', '9999-12-31'],
  ])('%s ends on %s', (month, last) => {
    expect(lastDayOf(month)).toBe(last);
    expect(monthOf(last)).toBe(month);
    expect(firstDayOf(month)).toBe(`${month}-01`);
  });
});

describe('days between', () => {
  it('two days are both included, over the end of a year', () => {
    expect([...daysBetween('2026-12-30', '2027-01-02')]).toEqual([
      ...['2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02'],
    ]);
  });

  it('have the leap day', () => {
    expect([...daysBetween('2024-02-28', '2024-03-01')]).toContain('2024-02-29');
    expect([...daysBetween('2026-02-28', '2026-03-01')]).toHaveLength(2);
  });

  it('are one of a single day, and none where the first comes after the last', () => {
    expect([...daysBetween('2026-11-24', '2026-11-24')]).toEqual(['2026-11-24']);
    expect([...daysBetween('2026-11-25', '2026-11-24')]).toEqual([]);
  });

  it('end on the last day of the calendar', () => {
    expect([...daysBetween('9999-12-30', '9999-12-31')]).toEqual(['9999-12-30', '9999-12-31']);
  });

  it('are as many as are counted, each a day after the one before', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 800 }), (first, more) => {
        const last = [addDays(first, more), '9999-12-31'].find(
          (day) => parseDay(day) !== undefined,
        );
        const all = [...daysBetween(first, last ?? first)];
        expect(all).toHaveLength(countDays(first, last ?? first));
        expect([all[0], all.at(-1)]).toEqual([first, last]);
        expect(new Set(all).size).toBe(all.length);
        expect(all.every((day) => parseDay(day) === day)).toBe(true);
        expect([...all].sort()).toEqual(all);
      }),
    );
  });
});

describe('the state of a month', () => {
  // 90 days, of which today is one: 2026-08-27 is the earliest that cannot have expired.
  it.each([
    ['2026-11-24', 90, '2026-08-27'],
    ['2026-11-24', 1, '2026-11-24'],
    ['2024-03-01', 2, '2024-02-29'],
    ['2026-01-01', 2, '2025-12-31'],
  ])('on %s with a retention of %s days begins with %s', (today, retention, first) => {
    expect(firstRetainedDay(today, retention)).toBe(first);
    expect(countDays(first, today)).toBe(retention);
  });

  it.each([
    // The first of September is the first day that is kept: one day later it is not.
    ['2026-09', '2026-11-29', 'final'],
    ['2026-09', '2026-11-30', 'expired'],
    // Open until its last day has passed.
    ['2026-11', '2026-11-01', 'open'],
    ['2026-11', '2026-11-30', 'open'],
    ['2026-11', '2026-12-01', 'final'],
    ['2024-02', '2024-02-29', 'open'],
    ['2024-02', '2024-03-01', 'final'],
    ['2026-12', '2026-12-31', 'open'],
    ['2026-12', '2027-01-01', 'final'],
  ])('%s on %s is %s', (month, today, state) => {
    expect(stateOfMonth(month, today, 90)).toBe(state);
  });

  it('is expired while it runs, where less than a month is kept', () => {
    expect(stateOfMonth('2026-11', '2026-11-07', 7)).toBe('open');
    expect(stateOfMonth('2026-11', '2026-11-08', 7)).toBe('expired');
  });
});

describe('the same day of an earlier month', () => {
  it.each([
    ['2026-03-31', 1, '2026-02-28'],
    ['2024-03-31', 1, '2024-02-29'],
    ['2026-03-31', 2, '2026-01-31'],
    ['2026-01-15', 1, '2025-12-15'],
    ['2026-02-28', 12, '2025-02-28'],
    ['2024-02-29', 12, '2023-02-28'],
    ['0050-01-01', 1, '0049-12-01'],
  ])('of %s, %i before, is %s', (day, months, earlier) => {
    expect(monthsBefore(day, months)).toBe(earlier);
  });
});
