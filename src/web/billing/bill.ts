import type { PricesDocument, SummaryDocument } from '../data/documents.js';
import type { SumLine } from '../kit/sum-line.js';
import {
  compare,
  decimalOf,
  decimalText,
  divided,
  dollarsText,
  minus,
  plus,
  priceText,
  rounded,
  times,
  toNumber,
  ZERO,
  type Decimal,
} from '../text/decimal.js';
import { boundsOf } from '../text/months.js';

type Month = SummaryDocument['month'];

interface Tier {
  threshold: Decimal;
  percent: Decimal;
  /** As the server writes it: `10`. */
  percentText: string;
}

/** Where a gross stands among the tiers. */
export interface Standing {
  /** The percentage of the tier that is reached: `10`, `0` below the first. */
  percent: string;
  next: { percent: string; threshold: string; missing: Decimal } | undefined;
  /** A higher gross that costs less, in volume mode: just below a tier. */
  cheaper: { missing: Decimal; net: Decimal } | undefined;
  /** In per cent of a scale on which all steps are equally long. */
  position: number;
}

const ONE_GIB_PLACES = 30;
/** 1024^-3 as an exact decimal. */
const GIB_PER_BYTE: Decimal = { units: 5n ** 30n, places: ONE_GIB_PLACES };

export function standingOf(prices: PricesDocument, gross: Decimal): Standing {
  const tiers = tiersOf(prices);
  const reached = tiers.findLast(({ threshold }) => compare(gross, threshold) >= 0);
  const next = tiers.find(({ threshold }) => compare(gross, threshold) < 0);
  return {
    percent: reached?.percentText ?? '0',
    next: next && {
      percent: next.percentText,
      threshold: dollarsOf(next.threshold),
      missing: minus(next.threshold, gross),
    },
    cheaper: prices.discount_mode === 'volume' ? cheaperAbove(prices, tiers, gross) : undefined,
    position: positionOf(tiers, gross),
  };
}

function cheaperAbove(
  prices: PricesDocument,
  tiers: readonly Tier[],
  gross: Decimal,
): Standing['cheaper'] {
  const net = netOf(prices, gross);
  return tiers
    .filter(({ threshold }) => compare(threshold, gross) > 0)
    .map(({ threshold }) => ({
      missing: minus(threshold, gross),
      net: netOf(prices, threshold),
    }))
    .filter((above) => compare(above.net, net) < 0)
    .sort((a, b) => compare(a.net, b.net))[0];
}

function positionOf(tiers: readonly Tier[], gross: Decimal): number {
  const steps = [ZERO, ...tiers.map(({ threshold }) => threshold)];
  const index = steps.findLastIndex((step) => compare(gross, step) >= 0);
  const [from, to] = [steps[index], steps[index + 1]];
  if (from === undefined) return 0;
  if (to === undefined) return 100;
  const part = toNumber(minus(gross, from)) / toNumber(minus(to, from));
  return ((index + part) / (steps.length - 1)) * 100;
}

/** What is owed for a gross: exact. */
export function netOf(prices: PricesDocument, gross: Decimal): Decimal {
  const tiers = tiersOf(prices);
  if (prices.discount_mode === 'volume') {
    const tier = tiers.findLast(({ threshold }) => compare(gross, threshold) >= 0);
    return tier === undefined ? gross : minus(gross, share(gross, tier.percent));
  }
  return tiers.reduce((net, { threshold, percent }, index) => {
    if (compare(gross, threshold) <= 0) return net;
    const end = tiers[index + 1]?.threshold;
    const top = end === undefined || compare(gross, end) < 0 ? gross : end;
    return minus(net, share(minus(top, threshold), percent));
  }, gross);
}

function tiersOf({ tiers }: PricesDocument): Tier[] {
  return tiers.map(({ threshold, percent }) => ({
    threshold: decimalOf(threshold),
    percent: decimalOf(percent),
    percentText: percent,
  }));
}

function share(amount: Decimal, percent: Decimal): Decimal {
  const { units, places } = times(amount, percent);
  return { units, places: places + 2 };
}

/** How the gross of a month adds up. */
export interface Parts {
  data: Decimal;
  compute: Decimal;
  gib: Decimal;
}

/**
 * Returns the parts of a month's gross; `undefined` if they do not add up to what the server says: a
 * counter beyond 2^53 has lost digits on its way.
 */
export function partsOf(prices: PricesDocument, month: Month): Parts | undefined {
  const { bytes_processed: bytes, compute_seconds: seconds, gross_cost_exact: gross } = month;
  if (bytes === null || seconds === null || gross === null) return undefined;
  const gib = times(decimalOf(BigInt(bytes)), GIB_PER_BYTE);
  const data = times(gib, decimalOf(prices.rate_per_gib));
  const compute = times(decimalOf(secondsText(seconds)), decimalOf(prices.rate_per_second));
  if (compare(plus(data, compute), decimalOf(gross)) !== 0) return undefined;
  return { data, compute, gib };
}

/** Of amounts on the way to the sum, which has 4. */
const PLACES_OF_PARTS = 6;

/** The arithmetic of a month, row by row up to the discount. */
export function sumRows(prices: PricesDocument, month: Month, parts: Parts): SumLine[] {
  const gross = decimalOf(month.gross_cost_exact ?? '0');
  const discount = minus(gross, decimalOf(month.net_cost_exact ?? '0'));
  const amount = (value: Decimal): string => dollarsText(value, PLACES_OF_PARTS);
  const seconds = decimalText(decimalOf(secondsText(month.compute_seconds ?? 0)));
  const rows = [
    {
      name: 'Data',
      price: `${decimalText(rounded(parts.gib, 6))} GiB × ${priceText(prices.rate_per_gib)}`,
      amount: amount(parts.data),
    },
    {
      name: 'Compute',
      price: `${seconds} s × ${priceText(prices.rate_per_second)}`,
      amount: amount(parts.compute),
    },
    { name: 'Gross', price: '', amount: amount(gross) },
  ];
  if (discount.units === 0n) return rows;
  const price = discountText(prices.discount_mode, month);
  return [...rows, { name: 'Discount', price, amount: `−${amount(discount)}` }];
}

function discountText(mode: PricesDocument['discount_mode'], month: Month): string {
  if (mode === 'graduated') return 'each part by its own tier';
  return `${month.discount_percent} % from ${priceText(String(month.discount_threshold ?? 0))}`;
}

/** Seconds as the API has them: at most 6 places. */
function secondsText(seconds: number): string {
  return String(seconds).includes('e') ? seconds.toFixed(6) : String(seconds);
}

export interface Estimate {
  net: string;
  /** What it is made from: `23.6`. */
  days: string;
}

const DAY_MS = 86_400_000;

/**
 * Returns what a month would cost if its rest were used as its beginning was. `undefined` for one that
 * is not open, of which less than a day is known, or in which nothing was used.
 */
export function estimateOf(prices: PricesDocument, month: Month, asOf: Date): Estimate | undefined {
  if (month.state !== 'open' || month.gross_cost_exact === null) return undefined;
  const { first, end } = boundsOf(month.month);
  const [start, stop] = [Date.parse(first), Date.parse(end)];
  const passed = asOf.getTime() - start;
  const gross = decimalOf(month.gross_cost_exact);
  if (passed < DAY_MS || asOf.getTime() >= stop || gross.units <= 0n) return undefined;
  const whole = divided(times(gross, decimalOf(stop - start)), decimalOf(passed), PLACES_OF_PARTS);
  return {
    net: dollarsText(netOf(prices, whole), 2),
    days: (Math.floor((passed / DAY_MS) * 10) / 10).toFixed(1),
  };
}

/** `$2,000`, with the cents that there are. */
function dollarsOf(amount: Decimal): string {
  return priceText(decimalText(amount).replaceAll(',', ''));
}
