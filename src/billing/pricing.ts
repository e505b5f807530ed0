import { Amount, Decimal, ZERO } from './money.js';
import type { Usage } from './usage.js';

/** One step of the discount. */
interface Tier {
  /** The tier applies from this gross of a month on, in US dollars. */
  threshold: Decimal;
  percent: Decimal;
}

export type DiscountMode = 'volume' | 'graduated';

/** The prices of usage. Create it with `createPricing`. */
export interface Pricing {
  /** US dollars per GiB (1024³ bytes), and per second. */
  ratePerGib: Decimal;
  ratePerSecond: Decimal;
  perByte: Decimal;
  perMicrosecond: Decimal;
  /** The same rates in units of 10^-places dollars. */
  units: { places: number; perByte: bigint; perMicrosecond: bigint };
  mode: DiscountMode;
  /** The tiers, sorted by rising threshold; empty where discounts are off. */
  tiers: readonly Tier[];
}

/** Decimals in text, as the configuration has them (BILLING_*). */
export interface PricingSettings {
  ratePerGib: string;
  ratePerSecond: string;
  discountEnabled: boolean;
  discountMode: DiscountMode;
  tiers: readonly { threshold: string; percent: string }[];
}

/** A month's amount with its discount, in exact US dollars. */
export interface Invoice {
  gross: Decimal;
  /** The highest tier that the gross reaches. */
  tier: Tier | undefined;
  /** The discount in percent of the gross; in graduated mode it is less than that of the tier. */
  percent: Decimal;
  discount: Decimal;
  net: Decimal;
}

export const BYTES_PER_GIB = 1024n ** 3n;

export function createPricing(settings: PricingSettings): Pricing {
  const ratePerGib = new Decimal(settings.ratePerGib);
  const ratePerSecond = new Decimal(settings.ratePerSecond);
  const tiers = settings.tiers.map(({ threshold, percent }) => ({
    threshold: new Decimal(threshold),
    percent: new Decimal(percent),
  }));
  // This is exact: the inverse of a power of two has a finite number of digits.
  const perByte = ratePerGib.div(new Decimal(BYTES_PER_GIB.toString()));
  const perMicrosecond = ratePerSecond.div(1_000_000);
  return {
    ratePerGib,
    ratePerSecond,
    perByte,
    perMicrosecond,
    units: unitsOf(perByte, perMicrosecond),
    mode: settings.discountMode,
    tiers: settings.discountEnabled ? tiers : [],
  };
}

function unitsOf(perByte: Decimal, perMicrosecond: Decimal): Pricing['units'] {
  const places = Math.max(perByte.decimalPlaces(), perMicrosecond.decimalPlaces());
  const unit = new Decimal(10).pow(places);
  const [bytes, time] = [perByte, perMicrosecond].map((rate) =>
    BigInt(rate.times(unit).toFixed(0)),
  );
  return { places, perByte: bytes ?? 0n, perMicrosecond: time ?? 0n };
}

/** Returns exact US dollars: bytes/1024³ × rate + seconds × rate. */
export function amountOf({ units }: Pricing, { bytes, microseconds }: Usage): Amount {
  return new Amount(bytes * units.perByte + microseconds * units.perMicrosecond, units.places);
}

export function costOf(pricing: Pricing, usage: Usage): Decimal {
  return amountOf(pricing, usage).toDecimal();
}

export function costOfBytes({ perByte }: Pricing, bytes: bigint): Decimal {
  return perByte.times(decimalOf(bytes));
}

export function costOfTime({ perMicrosecond }: Pricing, microseconds: bigint): Decimal {
  return perMicrosecond.times(decimalOf(microseconds));
}

/** Applies the discount to the gross of one user in one calendar month. */
export function invoiceOf(pricing: Pricing, gross: Decimal, mode = pricing.mode): Invoice {
  const tier = pricing.tiers.findLast(({ threshold }) => gross.gte(threshold));
  const discount =
    mode === 'volume'
      ? share(gross, tier?.percent ?? ZERO)
      : slicesOf(pricing, gross).reduce((sum, slice) => sum.plus(slice.discount), ZERO);
  const percent = gross.isZero() ? ZERO : discount.times(100).div(gross);
  return {
    gross,
    tier,
    percent: mode === 'volume' ? (tier?.percent ?? ZERO) : percent,
    discount,
    net: gross.minus(discount),
  };
}

/** A part of the gross to which one percentage applies. */
export interface Slice {
  from: Decimal;
  amount: Decimal;
  percent: Decimal;
  discount: Decimal;
}

/** Splits the gross for graduated mode, in which each part gets the percentage of its own tier. */
export function slicesOf({ tiers }: Pricing, gross: Decimal): Slice[] {
  const steps = [{ threshold: ZERO, percent: ZERO }, ...tiers];
  return steps.flatMap(({ threshold, percent }, index) => {
    const end = steps[index + 1]?.threshold;
    const top = end === undefined || gross.lt(end) ? gross : end;
    if (top.lte(threshold)) return [];
    const amount = top.minus(threshold);
    return [{ from: threshold, amount, percent, discount: share(amount, percent) }];
  });
}

/** A larger gross that costs less: with volume pricing there is one just below a tier. */
export interface CheaperAbove {
  gross: Decimal;
  net: Decimal;
}

/** Returns the cheapest threshold above this gross if it costs less; for volume pricing only. */
export function cheaperAbove(pricing: Pricing, gross: Decimal): CheaperAbove | undefined {
  const { net } = invoiceOf(pricing, gross, 'volume');
  return pricing.tiers
    .filter(({ threshold }) => threshold.gt(gross))
    .map(({ threshold }) => ({
      gross: threshold,
      net: invoiceOf(pricing, threshold, 'volume').net,
    }))
    .filter((above) => above.net.lt(net))
    .reduce<CheaperAbove | undefined>(
      (best, above) => (best === undefined || above.net.lt(best.net) ? above : best),
      undefined,
    );
}

function share(amount: Decimal, percent: Decimal): Decimal {
  return amount.times(percent).div(100);
}

function decimalOf(value: bigint): Decimal {
  return new Decimal(value.toString());
}
