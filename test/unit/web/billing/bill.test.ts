import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal as Exact } from '../../../../src/billing/money.js';
import {
  cheaperAbove,
  costOf,
  createPricing,
  invoiceOf,
  type DiscountMode,
} from '../../../../src/billing/pricing.js';
import {
  estimateOf,
  netOf,
  partsOf,
  standingOf,
  sumRows,
} from '../../../../src/web/billing/bill.js';
import type { PricesDocument, SummaryDocument } from '../../../../src/web/data/documents.js';
import { compare, decimalOf, decimalText, dollarsText } from '../../../../src/web/text/decimal.js';

const TIERS = [
  { threshold: '100', percent: '10' },
  { threshold: '500', percent: '20' },
  { threshold: '2000', percent: '30' },
];
const pricesOf = (mode: DiscountMode, tiers = TIERS): PricesDocument => ({
  rate_per_gib: '0.001',
  rate_per_second: '0.0001',
  discount_enabled: tiers.length > 0,
  discount_mode: mode,
  tiers,
});
const pricingOf = (mode: DiscountMode) =>
  createPricing({
    ratePerGib: '0.001',
    ratePerSecond: '0.0001',
    discountEnabled: true,
    discountMode: mode,
    tiers: TIERS,
  });
const volume = pricesOf('volume');

/** The month's document as the server makes it. */
function monthOf(
  bytes: number,
  seconds: number,
  state: SummaryDocument['month']['state'] = 'open',
): SummaryDocument['month'] {
  const pricing = pricingOf('volume');
  const microseconds = BigInt(Math.round(seconds * 1e6));
  const counts = { jobs: 1n, completed: 1n, failed: 0n, skipped: 0n };
  const gross = costOf(pricing, { bytes: BigInt(bytes), microseconds, ...counts });
  const { net, percent, tier } = invoiceOf(pricing, gross);
  return {
    ...{ month: '2026-11', state, bytes_processed: bytes, compute_seconds: seconds, job_count: 1 },
    gross_cost: gross.toDecimalPlaces(4).toNumber(),
    gross_cost_exact: gross.toString(),
    discount_percent: percent.toNumber(),
    discount_threshold: tier === undefined ? null : tier.threshold.toNumber(),
    discount: gross.minus(net).toDecimalPlaces(4).toNumber(),
    net_cost: net.toDecimalPlaces(4).toNumber(),
    net_cost_exact: net.toString(),
  };
}

describe('the bill', () => {
  it.each(['volume', 'graduated'] as const)('is discounted as by the server: %s', (mode) => {
    const cents = fc.bigInt(0n, 5_000_000_000n);
    const edges = fc.constantFrom(99_999_999n, 100_000_000n, 500_000_000n, 2_000_000_000n);
    fc.assert(
      fc.property(fc.oneof(cents, edges), (millionths) => {
        const exact = new Exact(millionths.toString()).div(1e6);
        const gross = decimalOf(exact.toString());
        const net = decimalText(netOf(pricesOf(mode), gross)).replaceAll(',', '');
        expect(new Exact(net).eq(invoiceOf(pricingOf(mode), exact).net)).toBe(true);
        const above = cheaperAbove(pricingOf('volume'), exact);
        const { cheaper } = standingOf(volume, gross);
        expect(cheaper === undefined).toBe(above === undefined);
        if (cheaper !== undefined && above !== undefined)
          expect(compare(cheaper.net, decimalOf(above.net.toString()))).toBe(0);
      }),
    );
  });

  it.each([
    ['0', '0', '10', '$100.0000', 0],
    ['50', '0', '10', '$50.0000', 50 / 3],
    ['158.823857', '10', '20', '$341.1761', 38.235],
    ['499.9999', '10', '20', '$0.0001', 66.666],
    ['500', '20', '30', '$1,500.0000', 66.667],
    ['2000', '30', undefined, undefined, 100],
    ['90000', '30', undefined, undefined, 100],
  ])('of $%s stands at %s %%', (gross, percent, next, missing, position) => {
    const standing = standingOf(volume, decimalOf(gross));
    expect(standing.percent).toBe(percent);
    expect(standing.next?.percent).toBe(next);
    expect(standing.next && dollarsText(standing.next.missing)).toBe(missing);
    expect(standing.position).toBeCloseTo(position, 2);
  });

  it('has no standing without tiers', () => {
    const standing = standingOf(pricesOf('volume', []), decimalOf('700'));
    expect(standing).toMatchObject({ percent: '0', next: undefined, cheaper: undefined });
    expect(decimalText(netOf(pricesOf('volume', []), decimalOf('700')))).toBe('700');
  });

  it('says where more would cost less', () => {
    const { cheaper } = standingOf(volume, decimalOf('498.3043'));
    expect(cheaper && dollarsText(cheaper.missing)).toBe('$1.6957');
    expect(cheaper && dollarsText(cheaper.net)).toBe('$400.0000');
    expect(standingOf(pricesOf('graduated'), decimalOf('498.3043')).cheaper).toBeUndefined();
  });
});

describe('the arithmetic of a month', () => {
  it('adds up to what the server says', () => {
    const month = monthOf(75_079_090_176, 1_587_539.34);
    const parts = partsOf(volume, month);
    if (parts === undefined) throw new Error('it does not add up');
    expect(sumRows(volume, month, parts)).toEqual([
      { name: 'Data', price: '69.922852 GiB × $0.001', amount: '$0.069923' },
      { name: 'Compute', price: '1,587,539.34 s × $0.0001', amount: '$158.753934' },
      { name: 'Gross', price: '', amount: '$158.823857' },
      { name: 'Discount', price: '10 % from $100', amount: '−$15.882386' },
    ]);
  });

  it('is left out where a counter has lost digits, or has expired', () => {
    const month = monthOf(1024, 1);
    expect(partsOf(volume, { ...month, bytes_processed: 1025 })).toBeUndefined();
    expect(partsOf(volume, { ...month, bytes_processed: null })).toBeUndefined();
  });

  it.each([0.000001, 0.1, 123_456.789])('reads %s seconds', (seconds) => {
    expect(partsOf(volume, monthOf(0, seconds))).toBeDefined();
  });
});

describe('the estimate', () => {
  const half = new Date('2026-11-16T00:00:00Z');

  it('is the beginning of the month for all of it, with its discount', () => {
    // $60 in 15 of 30 days are $120, less 10 %.
    expect(estimateOf(volume, monthOf(0, 600_000), half)).toEqual({ net: '$108.00', days: '15.0' });
  });

  it.each([
    ['a month that is over', monthOf(0, 1, 'final'), half],
    ['its first day', monthOf(0, 1), new Date('2026-11-01T23:59:59Z')],
    ['a clock of another month', monthOf(0, 1), new Date('2026-12-01T00:00:00Z')],
    ['no usage', monthOf(0, 0), half],
    ['an expired month', { ...monthOf(0, 1), gross_cost_exact: null }, half],
  ])('there is none for %s', (_, month, asOf) => {
    expect(estimateOf(volume, month, asOf)).toBeUndefined();
  });
});
