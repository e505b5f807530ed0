import { Decimal as LibraryDecimal } from 'decimal.js';

/**
 * Exact decimals: sums and products of counters and rates have far fewer digits than this precision, so
 * that only `roundedMoney` and `moneyText` round. Halves are rounded up (away from zero).
 */
export const Decimal = LibraryDecimal.clone({
  precision: 1000,
  rounding: LibraryDecimal.ROUND_HALF_UP,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
export type Decimal = LibraryDecimal;

export const ZERO: Decimal = new Decimal(0);

const PLACES = 4;

/** Returns US dollars for JSON: rounded half up to 4 places, as in the HTTP API. */
export function roundedMoney(amount: Decimal): number {
  return amount.toDecimalPlaces(PLACES).toNumber();
}

/** Returns US dollars for people, rounded half up to 4 places: `$1,234.5678`, `-$0.0023`. */
export function moneyText(amount: Decimal): string {
  const rounded = amount.toDecimalPlaces(PLACES);
  const [whole = '', fraction = ''] = rounded.abs().toFixed(PLACES).split('.');
  return `${dollarSign(rounded)}${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')}.${fraction}`;
}

/** Returns US dollars to the last digit: `$0.361`, `-$0.0023`. */
export function exactMoneyText(amount: Decimal): string {
  return `${dollarSign(amount)}${amount.abs().toString()}`;
}

function dollarSign(amount: Decimal): string {
  return amount.lt(0) ? '-$' : '$';
}
