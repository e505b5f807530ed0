import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COUNTERS, NO_USAGE, addUsage, readUsage } from '../../../src/billing/usage.js';
import type { Usage } from '../../../src/billing/usage.js';
import { UsageLedger } from '../../../src/billing/usage-ledger.js';

/** Far beyond 64 bits as well, and near their ends. */
const counter = fc.oneof(
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  fc.bigInt({ min: 2n ** 63n - 2n, max: 2n ** 63n + 1n }),
  fc.bigInt({ min: -(2n ** 63n) - 1n, max: -(2n ** 63n) + 2n }),
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
);
const usage: fc.Arbitrary<Usage> = fc.record({
  bytes: counter,
  microseconds: counter,
  jobs: counter,
  completed: counter,
  failed: counter,
  skipped: counter,
});

describe('the ledger of usage', () => {
  it('has for each row the exact sum of what was added, whatever its size', () => {
    const additions = fc.array(fc.tuple(fc.nat(3000), usage), { maxLength: 60 });
    fc.assert(
      fc.property(additions, (all) => {
        const ledger = new UsageLedger();
        const expected = new Map<number, Usage>();
        for (const [row, one] of all) {
          ledger.add(row, one);
          expected.set(row, addUsage(expected.get(row) ?? NO_USAGE, one));
        }
        for (const [row, sum] of expected) expect(ledger.get(row)).toEqual(sum);
        for (const row of [0, 1023, 1024, 9999]) {
          expect(ledger.get(row)).toEqual(expected.get(row) ?? NO_USAGE);
        }
      }),
    );
  });
});

describe('the ledger of counters as Redis has them', () => {
  const text = fc.oneof(
    fc.constant(null),
    fc.nat().map(String),
    fc.bigInt({ min: -5n, max: 10n ** 17n }).map(String),
    fc.constant('9007199254740991'),
    fc.constant('999999999999999'),
    fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true }).map(String),
  );
  const counters = fc.array(text, { minLength: 6, maxLength: 6 });

  it('has the sums of what readUsage reads, or says that it does not add it', () => {
    const additions = fc.array(fc.tuple(fc.nat(1500), counters), { maxLength: 40 });
    fc.assert(
      fc.property(additions, (all) => {
        const ledger = new UsageLedger();
        const expected = new Map<number, Usage>();
        for (const [row, values] of all) {
          const read = readUsage(values, () => undefined);
          if (!ledger.addShort(row, values)) ledger.add(row, read);
          expected.set(row, addUsage(expected.get(row) ?? NO_USAGE, read));
        }
        for (const [row, sum] of expected) {
          expect(ledger.get(row)).toEqual(sum);
          for (const counter of COUNTERS)
            expect(ledger.near(row, counter)).toBe(Number(sum[counter]));
        }
        const total = [...expected.values()].reduce(addUsage, NO_USAGE);
        expect(ledger.total()).toEqual(total);
      }),
    );
  });
});
