import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Amount, Decimal, moneyText, roundedMoney, ZERO } from '../../../src/billing/money.js';
import type { DiscountMode, PricingSettings } from '../../../src/billing/pricing.js';
import {
  cheaperAbove,
  costOf,
  createPricing,
  invoiceOf,
  slicesOf,
} from '../../../src/billing/pricing.js';
import { NO_USAGE, addUsage } from '../../../src/billing/usage.js';
import { amounts, settings, usages } from './arbitrary-usage.js';
import type { Rational } from './rational.js';
import { compare, minus, plus, rational, roundedTo, smaller, times, whole } from './rational.js';

/** What holds for all rates, tiers and amounts. */

const MILLIONTH = rational('0.000001');
const GIB = 2n ** 30n;

const exactly = (amount: Decimal): Rational => rational(amount.toString());

/** The net by the pricing table, in fractions: nothing of the code under test. */
function expectedNet(
  { tiers, discountEnabled }: PricingSettings,
  gross: Rational,
  mode: DiscountMode,
): Rational {
  const steps = (discountEnabled ? tiers : []).map(({ threshold, percent }) => ({
    from: rational(threshold),
    left: times(minus(whole(100n), rational(percent)), rational('0.01')),
  }));
  if (mode === 'volume') {
    const reached = steps.filter(({ from }) => compare(from, gross) <= 0);
    return times(gross, reached.at(-1)?.left ?? whole(1n));
  }
  const all = [{ from: whole(0n), left: whole(1n) }, ...steps];
  return all.reduce((net, { from, left }, index) => {
    const top = smaller(gross, all[index + 1]?.from ?? gross);
    return compare(top, from) > 0 ? plus(net, times(minus(top, from), left)) : net;
  }, whole(0n));
}

const priced = settings.chain((given) =>
  fc.record({ given: fc.constant(given), a: amounts(given), b: amounts(given) }),
);

/** The amounts with the smaller one first. */
function forAll(check: (given: PricingSettings, lower: Decimal, upper: Decimal) => void): void {
  const property = fc.property(priced, ({ given, a, b }) => {
    const [lower = ZERO, upper = ZERO] = [new Decimal(a), new Decimal(b)].sort((x, y) => x.cmp(y));
    check(given, lower, upper);
  });
  fc.assert(property, { numRuns: 1000 });
}

const netOf = (given: PricingSettings, gross: Decimal, mode: DiscountMode): Decimal =>
  invoiceOf(createPricing(given), gross, mode).net;

describe('a cost', () => {
  it('is what fractions say, to the last digit, and rounded once', () => {
    fc.assert(
      fc.property(settings, usages, (given, usage) => {
        const cost = costOf(createPricing(given), usage);
        const expected = plus(
          times(rational(given.ratePerGib), { over: usage.bytes, under: GIB }),
          times(times(rational(given.ratePerSecond), whole(usage.microseconds)), MILLIONTH),
        );
        expect(compare(exactly(cost), expected)).toBe(0);
        expect(roundedMoney(cost)).toBe(Number(`${roundedTo(4, expected)}e-4`));
      }),
    );
  });

  it('does not depend on the order of adding, nor on what is added first: usage or cost', () => {
    const shuffled = fc
      .array(usages, { maxLength: 12 })
      .chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      );
    fc.assert(
      fc.property(settings, shuffled, (given, [list, other]) => {
        const pricing = createPricing(given);
        const total = list.reduce(addUsage, NO_USAGE);
        expect(other.reduce(addUsage, NO_USAGE)).toEqual(total);
        const sum = other.reduce((cost, usage) => cost.plus(costOf(pricing, usage)), ZERO);
        expect(sum.eq(costOf(pricing, total))).toBe(true);
      }),
    );
  });
});

describe('an amount of integers', () => {
  const large = fc.oneof(
    fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
    fc.bigInt({ min: -(10n ** 90n), max: 10n ** 90n }),
  );

  it('has the text, the rounding and the dollars of the decimal that it is', () => {
    fc.assert(
      fc.property(large, fc.nat(45), (units, places) => {
        const amount = new Amount(units, places);
        const decimal = new Decimal(units.toString()).div(new Decimal(10).pow(places));
        expect(amount.toString()).toBe(decimal.toString());
        expect(roundedMoney(amount)).toBe(roundedMoney(decimal));
        expect(moneyText(amount)).toBe(moneyText(decimal));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [5n, 5],
    [-5n, 5],
    [4n, 5],
    [-15n, 5],
    [0n, 33],
    [25n, 2],
    [-7n, 0],
    [2n ** 60n, 4],
  ])('(%s of 10^-%i) is rounded as decimals are', (units, places) => {
    const decimal = new Decimal(units.toString()).div(new Decimal(10).pow(places));
    expect(roundedMoney(new Amount(units, places))).toBe(roundedMoney(decimal));
  });
});

describe.each(['volume', 'graduated'] as const)('%s pricing', (mode) => {
  it('is what fractions say, to the last digit', () => {
    forAll((given, gross) => {
      const { net, discount } = invoiceOf(createPricing(given), gross, mode);
      expect(compare(exactly(net), expectedNet(given, exactly(gross), mode))).toBe(0);
      expect(net.plus(discount).eq(gross)).toBe(true);
    });
  });

  it('never charges more than the gross, nor less than nothing', () => {
    forAll((given, gross) => {
      const net = netOf(given, gross, mode);
      expect(net.lte(gross) && net.gte(0)).toBe(true);
    });
  });
});

describe('graduated pricing', () => {
  it('never charges less for more', () => {
    forAll((given, lower, upper) => {
      expect(netOf(given, lower, 'graduated').lte(netOf(given, upper, 'graduated'))).toBe(true);
    });
  });

  it('cuts the gross into slices that follow each other and add up to it', () => {
    forAll((given, gross) => {
      const slices = slicesOf(createPricing(given), gross);
      let end = ZERO;
      for (const { from, amount } of slices) {
        expect(from.eq(end) && amount.gt(0)).toBe(true);
        end = from.plus(amount);
      }
      expect(end.eq(gross)).toBe(true);
    });
  });
});

describe('volume pricing', () => {
  it('charges less for more only across a threshold', () => {
    forAll((given, lower, upper) => {
      if (netOf(given, upper, 'volume').gte(netOf(given, lower, 'volume'))) return;
      const crossed = given.tiers.filter(
        ({ threshold }) => lower.lt(threshold) && upper.gte(threshold),
      );
      expect(given.discountEnabled && crossed.length > 0).toBe(true);
    });
  });

  it('is told to be cheaper above exactly where a larger gross has a smaller net', () => {
    forAll((given, lower, upper) => {
      const net = netOf(given, lower, 'volume');
      const above = cheaperAbove(createPricing(given), lower);
      if (above !== undefined) {
        expect(above.gross.gt(lower) && above.net.lt(net)).toBe(true);
        expect(netOf(given, above.gross, 'volume').eq(above.net)).toBe(true);
      }
      const least = above?.net ?? net;
      expect(netOf(given, upper, 'volume').gte(Decimal.min(least, net))).toBe(true);
    });
  });
});
