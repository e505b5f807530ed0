import type { Decimal } from './money.js';

/** An exact figure; all figures that are compared are of one type. `undefined` where names alone count. */
export type Figure = Decimal | bigint | undefined;

/** What rows are ranked by: the higher figure first, equal ones by name. */
export interface Ranked {
  /** Close to the figure: off by less than one part in 10^14. */
  near(row: number): number;
  exact(row: number): Figure;
  nameOf(row: number): string;
}

/** Doubles that are farther apart than this part of them differ as the figures do. */
const NEARNESS = 1e-13;

/** Returns the first `top` of the rows 0 to `count` - 1 in their order. */
export function highestFirst(count: number, ranked: Ranked, top = Infinity): Uint32Array {
  const near = new Float64Array(count);
  for (let row = 0; row < count; row++) near[row] = ranked.near(row);
  const known = new Map<number, Figure>();
  const exact = (row: number): Figure => {
    if (!known.has(row)) known.set(row, ranked.exact(row));
    return known.get(row);
  };
  const order = (a: number, b: number): number => {
    const [nearA = 0, nearB = 0] = [near[a], near[b]];
    const difference = nearB - nearA;
    const limit = NEARNESS * (Math.abs(nearA) + Math.abs(nearB));
    if (Math.abs(difference) > limit) return difference;
    return compare(exact(b), exact(a)) || byName(ranked, a, b);
  };
  if (top >= count) return Uint32Array.from(near.keys()).sort(order);
  return firstOf(count, top, order);
}

/** Keeps at most twice as many rows as it returns. */
function firstOf(count: number, top: number, order: (a: number, b: number) => number): Uint32Array {
  let kept: number[] = [];
  let last: number | undefined;
  for (let row = 0; row < count; row++) {
    if (last !== undefined && order(row, last) > 0) continue;
    kept.push(row);
    if (kept.length < 2 * top) continue;
    kept = kept.sort(order).slice(0, top);
    last = kept.at(-1);
  }
  return Uint32Array.from(kept.sort(order).slice(0, top));
}

function compare(a: Figure, b: Figure): number {
  if (typeof a === 'object' && typeof b === 'object') return a.cmp(b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return a > b ? 1 : a < b ? -1 : 0;
  return 0;
}

function byName(ranked: Ranked, a: number, b: number): number {
  const [nameA, nameB] = [ranked.nameOf(a), ranked.nameOf(b)];
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}
