/** Fractions of bigints: a second way to do the arithmetic of money, which shares no code with the first. */
export interface Rational {
  over: bigint;
  /** Above 0. */
  under: bigint;
}

/** `-12.5`; also the text of an exact Decimal. */
export function rational(text: string): Rational {
  const [whole = '', fraction = ''] = text.split('.');
  return { over: BigInt(whole + fraction), under: 10n ** BigInt(fraction.length) };
}

export const whole = (value: bigint): Rational => ({ over: value, under: 1n });

export const plus = (a: Rational, b: Rational): Rational => ({
  over: a.over * b.under + b.over * a.under,
  under: a.under * b.under,
});

export const minus = (a: Rational, b: Rational): Rational =>
  plus(a, { over: -b.over, under: b.under });

export const times = (a: Rational, b: Rational): Rational => ({
  over: a.over * b.over,
  under: a.under * b.under,
});

/** Below 0 where a is smaller, 0 where they are equal. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.over * b.under - b.over * a.under;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export const smaller = (a: Rational, b: Rational): Rational => (compare(a, b) < 0 ? a : b);

/** So many decimal places, halves away from zero, as an integer of the last place. */
export function roundedTo(places: number, { over, under }: Rational): bigint {
  const scaled = 2n * (over < 0n ? -over : over) * 10n ** BigInt(places) + under;
  const rounded = scaled / (2n * under);
  return over < 0n ? -rounded : rounded;
}
