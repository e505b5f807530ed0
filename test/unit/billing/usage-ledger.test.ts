import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE, addUsage } from '../../../src/billing/usage.js';
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
