/** Keys as lists of code points, whose order is the order of the UTF-8 bytes. */
export type Points = readonly number[];

/** Behind every code point: a list that ends with it stands for the end of what begins with the rest. */
export const BEHIND_ALL = 0x110000;

export function pointsOf(key: string): Points {
  return Array.from(key, (character) => character.codePointAt(0) ?? 0);
}

export function textOf(points: Points): string {
  return points.map((point) => String.fromCodePoint(point)).join('');
}

/**
 * The next code point that text may hold. It leaves out surrogates, and U+FFFE and U+FFFF, which XML
 * cannot hold. That of -1, which stands for the end of a key, is a space: hardly a key goes on with less.
 */
export function pointAfter(point: number): number {
  if (point < 0) return 0x20;
  if (point === 0xd7ff) return 0xe000;
  return point === 0xfffd ? 0x10000 : point + 1;
}

export function sharedLength(a: Points, b: Points): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return length;
}
