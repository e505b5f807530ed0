import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firingsAfter, nextFiring } from '../../../../src/schedule/crontab/firings.js';
import { parseTimeFields } from '../../../../src/schedule/crontab/time-fields.js';
import type { TimeFields } from '../../../../src/schedule/crontab/time-fields.js';
import { debianCron } from '../debian-cron.js';

function timeOf(text: string): TimeFields {
  const fields = parseTimeFields(text.split(' '));
  if (Array.isArray(fields)) throw new Error(JSON.stringify(fields));
  return fields;
}

function firings(text: string, zone: string, from: string, until: string): string[] {
  const found: string[] = [];
  for (const firing of firingsAfter({ fields: timeOf(text), zone }, new Date(from))) {
    if (firing >= new Date(until)) break;
    found.push(firing.toISOString());
  }
  return found;
}

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];

describe('a whole year', () => {
  it.each([
    '0 * * * *',
    '30 2 * * *',
    '0 3 * * 0',
    '0 4 1 * *',
    '*/15 1-3 * * *',
    '10,50 1,2,3 * * *',
    '0 0 13 * 5',
    '0 0 */2 * 1',
    '0 12 29 2 *',
  ])(
    'of %s is what Debian runs, in zones with and without changes of clocks',
    (text) => {
      for (const zone of ZONES) {
        const [from, until] = ['2028-01-01T00:00:00Z', '2029-01-01T00:00:00Z'];
        const expected = debianCron(timeOf(text), zone, Date.parse(from), Date.parse(until));
        const before = new Date(Date.parse(from) - 1).toISOString();
        expect(firings(text, zone, before, until), zone).toEqual(
          [...expected].map((ms) => new Date(ms).toISOString()),
        );
      }
    },
    60_000,
  );

  it('of any time is what Debian runs on the days around a change of clocks', () => {
    const field = (min: number, max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: 2, max: 30 }).map((step) => `*/${step}`),
        fc.integer({ min, max }).map(String),
        fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${a},${b}`),
      );
    const time = fc.tuple(
      field(0, 59),
      field(0, 3),
      fc.constantFrom('*', '28', '29', '25', '1-31'),
      fc.constant('*'),
      fc.constantFrom('*', '0', '6', '*/3'),
    );
    const around = fc.constantFrom(
      ['Europe/Berlin', '2026-03-28', '2026-03-30'],
      ['Europe/Berlin', '2026-10-24', '2026-10-26'],
      ['America/New_York', '2026-03-07', '2026-03-09'],
      ['America/New_York', '2026-10-31', '2026-11-02'],
      ['Australia/Lord_Howe', '2026-04-04', '2026-04-06'],
      ['Australia/Lord_Howe', '2026-10-03', '2026-10-05'],
    );
    fc.assert(
      fc.property(time, around, (words, [zone = '', from = '', until = '']) => {
        const text = words.join(' ');
        const [fromMs, untilMs] = [Date.parse(from), Date.parse(until)];
        const expected = [...debianCron(timeOf(text), zone, fromMs, untilMs)];
        const before = new Date(fromMs - 1).toISOString();
        const end = new Date(untilMs).toISOString();
        expect(firings(text, zone, before, end)).toEqual(
          expected.map((ms) => new Date(ms).toISOString()),
        );
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('on a day on which clocks are changed', () => {
  it('a fixed time in the gap comes right after it, and once', () => {
    const day = firings(
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      '2026-03-30T12:00:00Z',
    );
    expect(day).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
  });

  it('a fixed time that there is twice comes the first time', () => {
    const day = firings(
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      '2026-10-26T12:00:00Z',
    );
    expect(day).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
  });

  it('every real hour has its own, 23 in spring and 25 in autumn', () => {
    const hours = (from: string, until: string) =>
      firings('0 * * * *', 'Europe/Berlin', from, until).length;
    expect(hours('2026-03-28T22:59:59Z', '2026-03-29T22:00:00Z')).toBe(23);
    expect(hours('2026-10-24T21:59:59Z', '2026-10-25T23:00:00Z')).toBe(25);
  });
});

describe('the next time', () => {
  it('of a date that no calendar has never comes', () => {
    for (const text of ['0 0 31 2 *', '0 0 30 2 *', '* * 31 4,6,9,11 *', '*/5 * 31 2 *']) {
      const timing = { fields: timeOf(text), zone: 'Europe/Berlin' };
      expect(nextFiring(timing, new Date('2026-01-01T00:00:00Z'))).toBeUndefined();
    }
  });

  it('of the 29th of February may be eight years away', () => {
    const timing = { fields: timeOf('0 0 29 2 *'), zone: 'UTC' };
    const next = nextFiring(timing, new Date('2096-03-01T00:00:00Z'));
    expect(next?.toISOString()).toBe('2104-02-29T00:00:00.000Z');
  });

  it('is after the instant, never at it, also by seconds', () => {
    const timing = { fields: timeOf('*/10 * * * * *'), zone: 'UTC' };
    const next = nextFiring(timing, new Date('2026-01-01T00:00:10.000Z'));
    expect(next?.toISOString()).toBe('2026-01-01T00:00:20.000Z');
  });
});
