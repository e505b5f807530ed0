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

/**
 * Exact US dollars as a whole number of units of 10^-places: what is computed for very many users is
 * computed in integers, which are ten times as fast as decimals.
 */
export class Amount {
  readonly units: bigint;
  readonly places: number;

  constructor(units: bigint, places: number) {
    this.units = units;
    this.places = places;
  }

  /** All digits, as `Decimal` has them: `0.361`. */
  toString(): string {
    if (this.units < 0n) return `-${new Amount(-this.units, this.places).toString()}`;
    const digits = this.units.toString().padStart(this.places + 1, '0');
    const point = digits.length - this.places;
    let end = digits.length;
    while (end > point && digits.charCodeAt(end - 1) === ZERO_DIGIT) end -= 1;
    const whole = digits.slice(0, point);
    return end === point ? whole : `${whole}.${digits.slice(point, end)}`;
  }

  /** Rounded half up (away from zero) to 4 places. */
  toRounded(): number {
    if (this.units < 0n) return -new Amount(-this.units, this.places).toRounded();
    const digits = this.units.toString().padStart(this.places + 1, '0');
    const end = digits.length - this.places + PLACES;
    const kept = digits.slice(0, end).padEnd(end, '0');
    const isUp = digits.charCodeAt(end) >= FIVE;
    const tenThousandths = Number(kept) + (isUp ? 1 : 0);
    // The quotient of two exact doubles is the double that is nearest to it.
    if (Number.isSafeInteger(tenThousandths)) return tenThousandths / 10 ** PLACES;
    return Number(new Amount(BigInt(kept) + (isUp ? 1n : 0n), PLACES).toString());
  }

  toDecimal(): Decimal {
    return new Decimal(this.toString());
  }
}

const ZERO_DIGIT = 0x30;
const FIVE = 0x35;

export type Money = Decimal | Amount;

/** Returns US dollars for JSON: rounded half up to 4 places, as in the HTTP API. */
export function roundedMoney(amount: Money): number {
  return amount instanceof Amount ? amount.toRounded() : amount.toDecimalPlaces(PLACES).toNumber();
}

/** Returns US dollars for people, rounded half up to 4 places: `$1,234.5678`, `-$0.0023`. */
export function moneyText(amount: Money): string {
  const exact = amount instanceof Amount ? amount.toDecimal() : amount;
  const rounded = exact.toDecimalPlaces(PLACES);
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
