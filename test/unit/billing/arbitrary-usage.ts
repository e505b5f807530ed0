import fc from 'fast-check';
import { DEFAULT_PRICING } from '../../../src/billing/billing.js';
import { Decimal } from '../../../src/billing/money.js';
import type { Pricing, PricingSettings } from '../../../src/billing/pricing.js';
import { createPricing } from '../../../src/billing/pricing.js';
import { NO_USAGE, type Usage } from '../../../src/billing/usage.js';

/** The default prices, but for what is given. */
export const pricingWith = (settings: Partial<PricingSettings> = {}): Pricing =>
  createPricing({ ...DEFAULT_PRICING, ...settings });

export const usageOf = (usage: Partial<Usage>): Usage => ({ ...NO_USAGE, ...usage });

/** Far beyond 2^53, where a double has lost the last digits. */
const counter = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
  fc.bigInt({ min: 0n, max: 2n ** 80n }),
);

export const usages: fc.Arbitrary<Usage> = fc.record({
  bytes: counter,
  microseconds: counter,
  jobs: counter,
  completed: counter,
  failed: counter,
  skipped: counter,
});

/** Decimal text with up to so many places. */
const decimalText = (max: number, places: number): fc.Arbitrary<string> =>
  fc
    .integer({ min: 0, max: max * 10 ** places })
    .map((value) => new Decimal(value).div(10 ** places).toString());

/** Tiers rise by threshold, as the configuration has it; percentages need not rise. */
const tiers = fc
  .uniqueArray(decimalText(3000, 2), { maxLength: 4 })
  .chain((thresholds) =>
    fc.tuple(
      ...[...thresholds]
        .sort((a, b) => Number(a) - Number(b))
        .map((threshold) =>
          fc.record({ threshold: fc.constant(threshold), percent: decimalText(100, 1) }),
        ),
    ),
  );

export const settings: fc.Arbitrary<PricingSettings> = fc.record({
  ratePerGib: decimalText(2, 6),
  ratePerSecond: decimalText(1, 7),
  discountEnabled: fc.boolean(),
  discountMode: fc.constantFrom('volume' as const, 'graduated' as const),
  tiers: fc.oneof(fc.constant(DEFAULT_PRICING.tiers), tiers),
});

/** Amounts of a month around the thresholds, on them, and between. */
export function amounts({ tiers: steps }: Pick<PricingSettings, 'tiers'>): fc.Arbitrary<string> {
  const thresholds = steps.map(({ threshold }) => threshold);
  const near = thresholds.flatMap((threshold) => {
    const step = new Decimal(threshold);
    return [step, step.plus('0.00000001'), Decimal.max(0, step.minus('0.00000001'))];
  });
  const onThem = near.map((amount) => amount.toString());
  const anywhere = decimalText(5000, 8);
  return onThem.length === 0 ? anywhere : fc.oneof(fc.constantFrom(...onThem), anywhere);
}
