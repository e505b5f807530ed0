import { NO_DISCOUNTS_TEXT } from '../config/hints.js';
import type { MonthBill } from './month-bill.js';
import type { Decimal } from './money.js';
import { Decimal as DecimalClass, exactMoneyText, moneyText } from './money.js';
import type { DiscountMode, Pricing } from './pricing.js';
import {
  BYTES_PER_GIB,
  cheaperAbove,
  costOf,
  costOfBytes,
  costOfTime,
  invoiceOf,
  slicesOf,
} from './pricing.js';
import type { Usage } from './usage.js';
import { secondsText } from './usage.js';

/** Returns the exact arithmetic of a cost, line by line: `1 GiB × $0.001 = $0.001`. */
export function explainCost(pricing: Pricing, usage: Usage): string[] {
  const { bytes, microseconds } = usage;
  const gib = new DecimalClass(bytes.toString()).div(BYTES_PER_GIB.toString());
  const seconds = secondsText(microseconds);
  const cost = costOf(pricing, usage);
  return [
    `${bytes} ${bytes === 1n ? 'byte' : 'bytes'} / 1024^3 = ${gib.toString()} GiB`,
    `${gib.toString()} GiB × ${exactMoneyText(pricing.ratePerGib)} = ${exactMoneyText(costOfBytes(pricing, bytes))}`,
    `${seconds} s × ${exactMoneyText(pricing.ratePerSecond)} = ${exactMoneyText(costOfTime(pricing, microseconds))}`,
    `sum = ${exactMoneyText(cost)}, rounded ${moneyText(cost)}`,
  ];
}

/** Explains a month: the gross, its discount in both modes, and where a larger bill is cheaper. */
export function explainMonth(pricing: Pricing, { month, bill }: MonthBill): string[] {
  if (bill === undefined) return [`${month} is expired: some of its counters are gone`];
  const { gross } = bill.invoice;
  return [
    ...explainCost(pricing, bill.usage),
    ...(pricing.tiers.length === 0
      ? [NO_DISCOUNTS_TEXT]
      : [...explainVolume(pricing, gross), ...explainGraduated(pricing, gross)]),
  ];
}

function explainVolume(pricing: Pricing, gross: Decimal): string[] {
  const { tier, discount, net } = invoiceOf(pricing, gross, 'volume');
  const above = cheaperAbove(pricing, gross);
  return [
    tier === undefined
      ? `volume: ${exactMoneyText(gross)} is below the first tier (${tierText(pricing.tiers[0])}): no discount${chosen(pricing, 'volume')}`
      : `volume: ${exactMoneyText(gross)} reaches ${tierText(tier)}: - ${exactMoneyText(discount)} = ${exactMoneyText(net)}, rounded ${moneyText(net)}${chosen(pricing, 'volume')}`,
    ...(above === undefined
      ? []
      : [
          `volume: a larger bill is cheaper: a gross of ${moneyText(above.gross)} would cost ${moneyText(above.net)}`,
        ]),
  ];
}

function explainGraduated(pricing: Pricing, gross: Decimal): string[] {
  const { discount, net } = invoiceOf(pricing, gross, 'graduated');
  const slices = slicesOf(pricing, gross).map(
    ({ from, amount, percent, discount: off }) =>
      `graduated: ${exactMoneyText(amount)} from ${exactMoneyText(from)} on at ${percent.toString()} % off: - ${exactMoneyText(off)}`,
  );
  return [
    ...slices,
    `graduated: - ${exactMoneyText(discount)} = ${exactMoneyText(net)}, rounded ${moneyText(net)}${chosen(pricing, 'graduated')}`,
  ];
}

function tierText(tier: { threshold: Decimal; percent: Decimal } | undefined): string {
  return tier === undefined
    ? ''
    : `${tier.percent.toString()} % from ${exactMoneyText(tier.threshold)}`;
}

function chosen({ mode }: Pricing, of: DiscountMode): string {
  return mode === of ? ' (this is charged)' : '';
}
