import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/billing/audit.js';
import { auditLedger, costOfDifference } from '../../../src/billing/audit.js';
import type { Usage } from '../../../src/billing/usage.js';
import { NO_USAGE } from '../../../src/billing/usage.js';
import { pricingWith, usageOf, usages } from './arbitrary-usage.js';

const SECOND = 1_000_000n;
const USAGE: Usage = {
  bytes: 1000n,
  microseconds: 10n * SECOND,
  jobs: 6n,
  completed: 3n,
  failed: 2n,
  skipped: 1n,
};
/** What a job knows of it. */
const METERED = usageOf({ bytes: USAGE.bytes, microseconds: USAGE.microseconds });

function ledger(
  lifetime: Usage | undefined,
  days: Partial<Usage>,
  jobs: Partial<Usage>,
  count = 3,
): Ledger {
  return {
    userId: 'u',
    lifetime,
    days: { usage: usageOf(days), count },
    jobs: { usage: usageOf(jobs), count },
  };
}

const found = (given: Ledger) =>
  auditLedger(given).map(({ severity, kind, difference }) => ({ severity, kind, difference }));

describe('counters that agree', () => {
  it('have no findings', () => {
    expect(found(ledger(USAGE, USAGE, METERED))).toEqual([]);
    expect(found(ledger(NO_USAGE, {}, {}, 0))).toEqual([]);
  });

  it('have none where days have expired, and days alone are below the lifetime', () => {
    expect(found(ledger(USAGE, {}, METERED))).toEqual([]);
  });
});

describe('drift', () => {
  it.each(Object.keys(USAGE) as (keyof Usage)[])(
    'is a sum of days whose %s are one more than the lifetime',
    (field) => {
      // Seconds are rounded in each record: more than the dust of them all.
      const more = field === 'microseconds' ? 5n : 1n;
      const days = { ...USAGE, [field]: USAGE[field] + more };
      expect(found(ledger(USAGE, days, METERED))).toContainEqual({
        severity: 'drift',
        kind: 'days_exceed_lifetime',
        difference: usageOf({ [field]: more }),
      });
    },
  );

  it('is a sum of jobs above the lifetime, in what a job knows', () => {
    expect(found(ledger(USAGE, USAGE, { ...METERED, bytes: 1001n }))).toEqual([
      { severity: 'drift', kind: 'jobs_exceed_lifetime', difference: usageOf({ bytes: 1n }) },
    ]);
    expect(found(ledger(USAGE, USAGE, { ...METERED, jobs: 99n }))).toEqual([]);
  });

  it('is both where both are above, each with its own difference', () => {
    const over = { ...USAGE, bytes: 1500n };
    expect(found(ledger(USAGE, over, { ...METERED, bytes: 1700n }))).toEqual([
      { severity: 'drift', kind: 'days_exceed_lifetime', difference: usageOf({ bytes: 500n }) },
      { severity: 'drift', kind: 'jobs_exceed_lifetime', difference: usageOf({ bytes: 700n }) },
    ]);
  });

  it('has no negative part where one counter is above and another below', () => {
    const days = { ...USAGE, bytes: 5000n, jobs: 0n };
    const [first] = found(ledger(USAGE, days, METERED));
    expect(first?.difference).toEqual(usageOf({ bytes: 4000n }));
  });

  it('is activity without a lifetime record, with the larger of days and jobs', () => {
    const [finding, ...more] = auditLedger(
      ledger(undefined, { bytes: 5n, jobs: 2n }, { bytes: 7n, microseconds: SECOND }, 4),
    );
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      severity: 'drift',
      kind: 'no_user_record',
      userId: 'u',
      key: null,
      what: '4 days and 4 jobs, but no lifetime record',
      difference: usageOf({ bytes: 7n, microseconds: SECOND, jobs: 2n }),
    });
    expect(finding?.cause).toContain('reset');
  });

  it('has no negative difference without a lifetime record either', () => {
    const [finding] = found(ledger(undefined, { bytes: -5n }, { bytes: -3n, jobs: 1n }));
    expect(finding?.difference).toEqual(usageOf({ jobs: 1n }));
  });
});

describe('a note', () => {
  it('is of jobs below the days: retries overwrote them', () => {
    const [finding, ...more] = auditLedger(ledger(USAGE, USAGE, { ...METERED, bytes: 400n }));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      severity: 'note',
      kind: 'jobs_below_days',
      difference: usageOf({ bytes: 600n }),
    });
    expect(finding?.cause).toContain('retries');
  });

  it('is of jobs below the lifetime alone, where the days have expired', () => {
    expect(found(ledger(USAGE, {}, { ...METERED, microseconds: SECOND }))).toEqual([
      {
        severity: 'note',
        kind: 'jobs_below_lifetime',
        difference: usageOf({ microseconds: 9n * SECOND }),
      },
    ]);
  });

  it('is of users without any job record', () => {
    expect(found(ledger(USAGE, {}, {}, 0))).toEqual([
      { severity: 'note', kind: 'jobs_below_lifetime', difference: METERED },
    ]);
  });
});

describe('the dust of rounded seconds', () => {
  const dusty = (more: bigint) => ({ ...USAGE, microseconds: USAGE.microseconds + more });

  it('means nothing up to a microsecond for each record, and one for the total', () => {
    expect(found(ledger(USAGE, dusty(4n), dusty(0n), 3))).toEqual([]);
    expect(found(ledger(USAGE, USAGE, dusty(4n), 3))).toEqual([]);
    expect(found(ledger(USAGE, USAGE, dusty(-4n), 3))).toEqual([]);
  });

  it('is drift beyond that', () => {
    const kinds = (given: Ledger) => found(given).map(({ kind }) => kind);
    expect(kinds(ledger(USAGE, dusty(5n), dusty(0n), 3))).toEqual(['days_exceed_lifetime']);
    expect(kinds(ledger(USAGE, USAGE, dusty(5n), 3))).toEqual(['jobs_exceed_lifetime']);
    expect(kinds(ledger(USAGE, {}, dusty(-5n), 3))).toEqual(['jobs_below_lifetime']);
  });

  it('is none in bytes', () => {
    const [first] = found(ledger(USAGE, { ...USAGE, bytes: 1001n }, METERED, 1000));
    expect(first).toMatchObject({ severity: 'drift', difference: usageOf({ bytes: 1n }) });
  });
});

describe('every finding', () => {
  it('has a difference that is above zero somewhere and below it nowhere', () => {
    const some = fc.record({ usage: usages, count: fc.integer({ min: 1, max: 1000 }) });
    const ledgers = fc.record({
      userId: fc.string(),
      lifetime: fc.option(usages, { nil: undefined }),
      days: some,
      jobs: some,
    });
    fc.assert(
      fc.property(ledgers, (given) => {
        for (const { userId, what, cause, difference } of auditLedger(given)) {
          expect(userId).toBe(given.userId);
          expect(what !== '' && cause !== '').toBe(true);
          const parts = Object.values(difference ?? NO_USAGE) as bigint[];
          expect(parts.every((part) => part >= 0n)).toBe(true);
          if (given.lifetime !== undefined) expect(parts.some((part) => part > 0n)).toBe(true);
        }
      }),
    );
  });

  it('has a difference in dollars, where it has one', () => {
    const [finding] = auditLedger(
      ledger(undefined, { bytes: 1024n ** 3n }, { microseconds: 3600n * SECOND }),
    );
    expect(costOfDifference(pricingWith(), finding!)?.toString()).toBe('0.361');
    expect(costOfDifference(pricingWith(), { ...finding!, difference: undefined })).toBeUndefined();
  });
});
