import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../src/billing/money.js';
import {
  NO_USAGE,
  USAGE_FIELDS,
  addUsage,
  microsecondsOf,
  parseInteger,
  parseMicroseconds,
  readUsage,
  secondsText,
} from '../../../src/billing/usage.js';
import { usages } from './arbitrary-usage.js';

const NO_NUMBERS = ['', ' ', 'NaN', 'Infinity', '-Infinity', 'nan', 'inf', '12abc', 'abc', '0x10'];
const ODD_NUMBERS = ['+1', ' 1', '1 ', '1\n', '1_000', '1,5', '--1', '-', '.', '.5', '5.', '١'];
const TOO_LONG = '9'.repeat(5000);

describe('a whole number', () => {
  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['-17', -17n],
    ['007', 7n],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775807', 2n ** 63n - 1n],
  ])('%s is read', (text, value) => {
    expect(parseInteger(text)).toBe(value);
  });

  it.each([...NO_NUMBERS, ...ODD_NUMBERS, TOO_LONG, '1.0', '1e3'])('is not %j', (text) => {
    expect(parseInteger(text)).toBeUndefined();
  });
});

describe('seconds', () => {
  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['3600', 3_600_000_000n],
    // The dust of HINCRBYFLOAT.
    ['3600.10000000000000009', 3_600_100_000n],
    ['3600.09999999999999991', 3_600_100_000n],
    ['0.9999995', 1_000_000n],
    ['0.99999949999', 999_999n],
    ['0.0000005', 1n],
    ['0.00000049999', 0n],
    ['-12.5', -12_500_000n],
    ['-0.0000005', -1n],
    ['1e-7', 0n],
    ['5e-7', 1n],
    ['1.5E+3', 1_500_000_000n],
    ['-2.5e-6', -3n],
    ['12345678901234567890.123456', 12345678901234567890123456n],
    [`1.${'0'.repeat(5000)}9`, 1_000_000n],
  ])('%s are read, rounded half up to 6 places', (text, microseconds) => {
    expect(parseMicroseconds(text)).toBe(microseconds);
  });

  it.each([...NO_NUMBERS, ...ODD_NUMBERS, TOO_LONG, `${TOO_LONG}.5`, '1e', 'e5', '1e999', '1e5.5'])(
    'are not %j',
    (text) => {
      expect(parseMicroseconds(text)).toBeUndefined();
    },
  );

  it('are what decimal.js makes of them, with any digits behind', () => {
    const text = fc.stringMatching(/^-?\d{1,30}(\.\d{1,60})?(e[+-]?\d{1,2})?$/);
    fc.assert(
      fc.property(text, (seconds) => {
        const expected = new Decimal(seconds).toDecimalPlaces(6).times(1_000_000);
        expect(parseMicroseconds(seconds)).toBe(BigInt(expected.toString()));
      }),
      { numRuns: 1000 },
    );
  });

  it('of a halfway digit are rounded away from zero', () => {
    const rest = fc.constantFrom('5', '50', '500001');
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), rest, (kept, digits) => {
        const [whole = '', fraction = ''] = secondsText(kept).split('.');
        const half = `${whole}.${fraction.padEnd(6, '0')}${digits}`;
        expect(parseMicroseconds(half)).toBe(kept + 1n);
        expect(parseMicroseconds(`-${half}`)).toBe(-(kept + 1n));
      }),
    );
  });

  it('survive being written and read', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (microseconds) => {
        const text = secondsText(microseconds);
        expect(parseMicroseconds(text)).toBe(microseconds);
        expect(text).toMatch(/^(0|-?(0|[1-9]\d*)(\.\d{0,5}[1-9])?)$/);
      }),
    );
  });

  it.each([
    [0n, '0'],
    [1n, '0.000001'],
    [-1n, '-0.000001'],
    [12_500_000n, '12.5'],
    [10_000_000n, '10'],
    [-100_000n, '-0.1'],
  ])('of %s microseconds are written as %s', (microseconds, text) => {
    expect(secondsText(microseconds)).toBe(text);
  });

  it.each([
    [0.1 + 0.2, 300_000n],
    [1e-7, 0n],
    [5e-7, 1n],
    [1.0000005, 1_000_001n],
    [-0, 0n],
    [1e12, 10n ** 18n],
  ])('of the number %s are rounded as its text is', (seconds, microseconds) => {
    expect(microsecondsOf(seconds)).toBe(microseconds);
    expect(parseMicroseconds(String(seconds))).toBe(microseconds);
  });
});

describe('usage', () => {
  it('is read in the order of its fields', () => {
    const values = ['1', '2', '3', '4', '5', '6'];
    expect(USAGE_FIELDS).toHaveLength(values.length);
    const none = () => expect.unreachable();
    expect(readUsage(values, none)).toEqual({
      bytes: 1n,
      microseconds: 2_000_000n,
      jobs: 3n,
      completed: 4n,
      failed: 5n,
      skipped: 6n,
    });
  });

  it('is zero where fields are absent', () => {
    const none = () => expect.unreachable();
    expect(readUsage([], none)).toEqual(NO_USAGE);
    expect(readUsage([null, undefined, null, null, null, null], none)).toEqual(NO_USAGE);
  });

  it('is read around fields that are no numbers, each of which is told', () => {
    const told: string[][] = [];
    const usage = readUsage(['1.5', 'NaN', '3', '', '5', '6'], (...field) => told.push(field));
    expect(usage).toEqual({ ...NO_USAGE, jobs: 3n, failed: 5n, skipped: 6n });
    expect(told).toEqual([
      ['bytes_processed', '1.5'],
      ['compute_seconds', 'NaN'],
      ['jobs_completed', ''],
    ]);
  });

  it('of nothing changes no sum, and each part adds to its own', () => {
    fc.assert(
      fc.property(usages, usages, (a, b) => {
        expect(addUsage(a, NO_USAGE)).toEqual(a);
        const sum = addUsage(a, b);
        for (const field of Object.keys(NO_USAGE) as (keyof typeof NO_USAGE)[]) {
          expect(sum[field]).toBe(a[field] + b[field]);
        }
      }),
    );
  });
});
