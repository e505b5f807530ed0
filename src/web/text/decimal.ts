/** An exact decimal, units × 10^-places. Money is computed with these alone. */
export interface Decimal {
  units: bigint;
  places: number;
}

export const ZERO: Decimal = { units: 0n, places: 0 };

/** Reads decimals as the API writes them: `-12.50`. Throws `SyntaxError` for any other text. */
export function decimalOf(text: string | number | bigint): Decimal {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text)) ?? [];
  if (whole === '') throw new SyntaxError(`not a decimal: ${text}`);
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, places: fraction.length };
}

export function plus(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return { units: unitsAt(a, places) + unitsAt(b, places), places };
}

export function minus(a: Decimal, b: Decimal): Decimal {
  return plus(a, { ...b, units: -b.units });
}

export function times(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, places: a.places + b.places };
}

/** Below 0 if a is less than b, 0 if they are equal. */
export function compare(a: Decimal, b: Decimal): number {
  const { units } = minus(a, b);
  return units < 0n ? -1 : units > 0n ? 1 : 0;
}

/** Divides, rounded half up (away from zero) to so many places. */
export function divided(a: Decimal, b: Decimal, places: number): Decimal {
  const shift = 10n ** BigInt(Math.max(0, places + b.places - a.places));
  const down = 10n ** BigInt(Math.max(0, a.places - b.places - places));
  return { units: halfUp(a.units * shift, b.units * down), places };
}

/** Rounds half up (away from zero), as the server does. */
export function rounded(a: Decimal, places: number): Decimal {
  if (a.places <= places) return { units: unitsAt(a, places), places };
  return { units: halfUp(a.units, 10n ** BigInt(a.places - places)), places };
}

/** For lengths and shares that are drawn, not for money. */
export function toNumber({ units, places }: Decimal): number {
  return Number(units) / 10 ** places;
}

/** Grouped, with all places that it has: `1,234.50`. */
export function decimalText({ units, places }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const sign = units < 0n ? '-' : '';
  return places === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-places)}`;
}

/** US dollars, rounded half up: `$1,234.5678`, `-$0.0023`. */
export function dollarsText(amount: Decimal, places = 4): string {
  return signedDollars(decimalText(rounded(amount, places)));
}

/** US dollars with the digits that they have: `$0.001`, `$2,000`. */
export function priceText(amount: string): string {
  return signedDollars(decimalText(decimalOf(amount)));
}

function signedDollars(text: string): string {
  return text.startsWith('-') ? `-$${text.slice(1)}` : `$${text}`;
}

function unitsAt({ units, places }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - places);
}

function halfUp(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n;
  const [top, bottom] = [magnitude(dividend), magnitude(divisor)];
  const result = (top * 2n + bottom) / (bottom * 2n);
  return isNegative ? -result : result;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
