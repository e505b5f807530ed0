import { describe, expect, it } from 'vitest';
import { explainCost, explainMonth } from '../../../src/billing/explain.js';
import { billMonth } from '../../../src/billing/month-bill.js';
import type { PricingSettings } from '../../../src/billing/pricing.js';
import { pricingWith, usageOf } from './arbitrary-usage.js';

const PERIOD = { today: '2026-11-24', retentionDays: 90 };
const GIB = 1024n ** 3n;

/** The lines of a month that comes to so many dollars, of bytes alone. */
function explained(dollars: number, settings: Partial<PricingSettings> = {}): string[] {
  const pricing = pricingWith({ ratePerGib: '1', ...settings });
  const usage = usageOf({ bytes: BigInt(dollars) * GIB });
  return explainMonth(pricing, billMonth(pricing, '2026-11', usage, PERIOD));
}

describe('the arithmetic of a cost', () => {
  it('is told line by line, exact', () => {
    expect(
      explainCost(pricingWith(), usageOf({ bytes: GIB, microseconds: 3_600_000_000n })),
    ).toEqual([
      '1073741824 bytes / 1024^3 = 1 GiB',
      '1 GiB × $0.001 = $0.001',
      '3600 s × $0.0001 = $0.36',
      'sum = $0.361, rounded $0.3610',
    ]);
  });

  it('is written out where the amounts are tiny, without an exponent', () => {
    expect(explainCost(pricingWith(), usageOf({ bytes: 1n, microseconds: 1n }))).toEqual([
      '1 byte / 1024^3 = 0.000000000931322574615478515625 GiB',
      '0.000000000931322574615478515625 GiB × $0.001 = $0.000000000000931322574615478515625',
      '0.000001 s × $0.0001 = $0.0000000001',
      'sum = $0.000000000100931322574615478515625, rounded $0.0000',
    ]);
  });

  it('has the sign of negative amounts before the dollar, as tables have it', () => {
    const usage = usageOf({ bytes: -GIB, microseconds: -13_000_000n });
    expect(explainCost(pricingWith(), usage)).toEqual([
      '-1073741824 bytes / 1024^3 = -1 GiB',
      '-1 GiB × $0.001 = -$0.001',
      '-13 s × $0.0001 = -$0.0013',
      'sum = -$0.0023, rounded -$0.0023',
    ]);
  });
});

describe('the arithmetic of a month', () => {
  it('has the sign of negative amounts before the dollar in both modes', () => {
    expect(explained(-2).slice(3)).toEqual([
      'sum = -$2, rounded -$2.0000',
      'volume: -$2 is below the first tier (10 % from $100): no discount (this is charged)',
      'graduated: - $0 = -$2, rounded -$2.0000',
    ]);
  });

  it('is told in both modes, and where a larger bill is cheaper', () => {
    expect(explained(450).slice(3)).toEqual([
      'sum = $450, rounded $450.0000',
      'volume: $450 reaches 10 % from $100: - $45 = $405, rounded $405.0000 (this is charged)',
      'volume: a larger bill is cheaper: a gross of $500.0000 would cost $400.0000',
      'graduated: $100 from $0 on at 0 % off: - $0',
      'graduated: $350 from $100 on at 10 % off: - $35',
      'graduated: - $35 = $415, rounded $415.0000',
    ]);
  });

  it('takes the 20 % tier at exactly $500, where nothing above is cheaper', () => {
    const lines = explained(500, { discountMode: 'graduated' });
    expect(lines.slice(4)).toEqual([
      'volume: $500 reaches 20 % from $500: - $100 = $400, rounded $400.0000',
      'graduated: $100 from $0 on at 0 % off: - $0',
      'graduated: $400 from $100 on at 10 % off: - $40',
      'graduated: - $40 = $460, rounded $460.0000 (this is charged)',
    ]);
  });

  it('says so below the first tier', () => {
    expect(explained(95).slice(4)).toEqual([
      'volume: $95 is below the first tier (10 % from $100): no discount (this is charged)',
      'volume: a larger bill is cheaper: a gross of $100.0000 would cost $90.0000',
      'graduated: $95 from $0 on at 0 % off: - $0',
      'graduated: - $0 = $95, rounded $95.0000',
    ]);
  });

  it('has no modes where discounts are off', () => {
    expect(explained(95, { discountEnabled: false }).slice(3)).toEqual([
      'sum = $95, rounded $95.0000',
      'no discounts (BILLING_VOLUME_DISCOUNT_ENABLED=false)',
    ]);
  });

  it('is not told of a month that is expired', () => {
    const pricing = pricingWith();
    const month = billMonth(pricing, '2026-08', usageOf({ bytes: GIB }), PERIOD);
    expect(explainMonth(pricing, month)).toEqual([
      '2026-08 is expired: some of its counters are gone',
    ]);
  });
});
