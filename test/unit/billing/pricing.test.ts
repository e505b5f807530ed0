import { describe, expect, it } from 'vitest';
import { DEFAULT_PRICING } from '../../../src/billing/billing.js';
import { Decimal, moneyText, roundedMoney } from '../../../src/billing/money.js';
import type { DiscountMode } from '../../../src/billing/pricing.js';
import {
  cheaperAbove,
  costOf,
  createPricing,
  invoiceOf,
  slicesOf,
} from '../../../src/billing/pricing.js';
import { loadConfig } from '../../../src/config/load.js';
import { pricingWith, usageOf } from './arbitrary-usage.js';

const GIB = 1024n ** 3n;
const SECOND = 1_000_000n;

function costText(bytes: bigint, microseconds: bigint): string {
  return costOf(pricingWith(), usageOf({ bytes, microseconds })).toString();
}

function invoice(gross: string, mode: DiscountMode) {
  const { tier, percent, discount, net } = invoiceOf(pricingWith(), new Decimal(gross), mode);
  return [
    tier?.threshold.toString(),
    percent.toDecimalPlaces(6).toString(),
    discount.toString(),
    net.toString(),
  ];
}

describe('a cost', () => {
  it('of 1 GiB and 3,600 s is exactly 0.361', () => {
    expect(costText(GIB, 3600n * SECOND)).toBe('0.361');
  });

  it('of nothing is zero', () => {
    expect(costText(0n, 0n)).toBe('0');
  });

  it('has every digit of a single byte and of a microsecond', () => {
    expect(costText(1n, 0n)).toBe('0.000000000000931322574615478515625');
    expect(costText(0n, 1n)).toBe('0.0000000001');
  });

  it('tells bytes beyond 2^53 apart', () => {
    expect(costText(2n ** 63n, 0n)).toBe('8589934.592');
    expect(costText(2n ** 63n + 1n, 0n)).toBe('8589934.592000000000931322574615478515625');
  });

  it('does not look at how many jobs there were', () => {
    expect(costOf(pricingWith(), usageOf({ jobs: 9n, failed: 9n })).isZero()).toBe(true);
  });
});

describe('the default prices', () => {
  it('of the library are those of the configuration', async () => {
    const request = { cwd: import.meta.dirname, envFile: undefined, configFile: undefined };
    const { config } = await loadConfig({ ...request, environment: {}, flags: {} });
    expect(config.billing).toMatchObject(DEFAULT_PRICING);
  });
});

describe('volume pricing', () => {
  it.each([
    ['0', undefined, '0', '0', '0'],
    ['99.99999999', undefined, '0', '0', '99.99999999'],
    ['100', '100', '10', '10', '90'],
    ['499.99999999', '100', '10', '49.999999999', '449.999999991'],
    ['500', '500', '20', '100', '400'],
    ['1999.9999', '500', '20', '399.99998', '1599.99992'],
    ['2000', '2000', '30', '600', '1400'],
    ['1000000', '2000', '30', '300000', '700000'],
  ])('of exactly $%s takes the tier from $%s at %s %%', (gross, ...rest) => {
    expect(invoice(gross, 'volume')).toEqual(rest);
  });
});

describe('graduated pricing', () => {
  it.each([
    ['0', undefined, '0', '0', '0'],
    ['99.99999999', undefined, '0', '0', '99.99999999'],
    ['100', '100', '0', '0', '100'],
    ['500', '500', '8', '40', '460'],
    ['600', '500', '10', '60', '540'],
    ['2000', '2000', '17', '340', '1660'],
    ['3000', '2000', '21.333333', '640', '2360'],
  ])('of $%s reaches the tier from $%s and takes %s %% off in all', (gross, ...rest) => {
    expect(invoice(gross, 'graduated')).toEqual(rest);
  });

  it('cuts the gross at each threshold', () => {
    const slices = slicesOf(pricingWith(), new Decimal('600'));
    expect(
      slices.map(({ from, amount, percent, discount }) =>
        [from, amount, percent, discount].join(' '),
      ),
    ).toEqual(['0 100 0 0', '100 400 10 40', '500 100 20 20']);
  });

  it('has no slice of nothing for a tier from $0 on', () => {
    const pricing = pricingWith({ tiers: [{ threshold: '0', percent: '5' }] });
    expect(slicesOf(pricing, new Decimal(10)).map(({ amount }) => amount.toString())).toEqual([
      '10',
    ]);
    expect(invoiceOf(pricing, new Decimal(0), 'graduated').percent.isZero()).toBe(true);
  });
});

describe('the mode of the configuration', () => {
  it('is the one that is charged', () => {
    const gross = new Decimal(500);
    expect(invoiceOf(pricingWith(), gross).net.toString()).toBe('400');
    const graduated = pricingWith({ discountMode: 'graduated' });
    expect(invoiceOf(graduated, gross).net.toString()).toBe('460');
  });

  it.each(['volume', 'graduated'] as const)(
    'takes nothing off where discounts are off: %s',
    (mode) => {
      const pricing = createPricing({ ...DEFAULT_PRICING, discountEnabled: false });
      const { tier, net, discount } = invoiceOf(pricing, new Decimal(5000), mode);
      expect([tier, net.toString(), discount.toString()]).toEqual([undefined, '5000', '0']);
      expect(cheaperAbove(pricing, new Decimal('99.99'))).toBeUndefined();
    },
  );
});

describe('a larger gross that costs less', () => {
  it.each([
    // 90 / 1: from just above $90 on, $100 costs less.
    ['90', undefined],
    ['90.0001', '100 90'],
    ['99.99', '100 90'],
    ['100', undefined],
    // 400 / 0.9 = 444.44…
    ['444.4444', undefined],
    ['444.4445', '500 400'],
    // 1400 / 0.8
    ['1750', undefined],
    ['1750.01', '2000 1400'],
    ['2000', undefined],
    ['9999', undefined],
  ])('is told of a gross of $%s: %s', (gross, above) => {
    const found = cheaperAbove(pricingWith(), new Decimal(gross));
    expect(found && `${found.gross.toString()} ${found.net.toString()}`).toBe(above);
  });

  it('is the cheapest of several', () => {
    const tiers = [
      { threshold: '100', percent: '20' },
      { threshold: '101', percent: '50' },
    ];
    const found = cheaperAbove(pricingWith({ tiers }), new Decimal(99));
    expect(found?.gross.toString()).toBe('101');
  });
});

describe('money', () => {
  it.each([
    ['0.00005', 0.0001, '$0.0001'],
    ['0.0000499999999999999999999', 0, '$0.0000'],
    // A double holds 1.00005 as 1.00004999…
    ['1.00005', 1.0001, '$1.0001'],
    ['999.99995', 1000, '$1,000.0000'],
    ['1234567.00004', 1234567, '$1,234,567.0000'],
    ['-1234.56785', -1234.5679, '-$1,234.5679'],
    ['-0.00005', -0.0001, '-$0.0001'],
    ['123456789012345678901.5', 123456789012345680000, '$123,456,789,012,345,678,901.5000'],
  ])('%s is rounded half up, once', (exact, number, text) => {
    expect(roundedMoney(new Decimal(exact))).toBe(number);
    expect(moneyText(new Decimal(exact))).toBe(text);
  });

  it('has no sign where it is rounded to zero', () => {
    expect(moneyText(new Decimal('-0.00004'))).toBe('$0.0000');
    expect(moneyText(new Decimal('-0'))).toBe('$0.0000');
  });
});
