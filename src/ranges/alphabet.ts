import {
  BEHIND_ALL,
  type Points,
  pointAfter,
  pointsOf,
  sharedLength,
  textOf,
} from './key-points.js';

/**
 * Characters that appear together: where two of a class are seen, the others may follow. Letters may be
 * those of hexadecimal digits.
 */
const CLASSES = ['09', 'afz', 'AFZ'].map((ends) =>
  Array.from(ends, (character) => character.charCodeAt(0)),
);
const ASCII_END = 0x80;
/** So many other characters show that all between the least and the greatest may be there. */
const SEVERAL = 3;
/** Positions that make less of a difference than this part are left out of a distance. */
const NEGLIGIBLE = 1e-6;

/** A guess that some key begins with a text, which differs from known keys in its last character. */
export interface Trial {
  points: Points;
  isHit: boolean;
}

/** What keys may have at a position. */
interface Level {
  /** Likely characters of ASCII, in order. */
  ascii: readonly number[];
  /** The least and the greatest of other characters; `undefined` if there are none. */
  others: { least: number; greatest: number } | undefined;
  /** 1 if keys may end there, which comes before all characters. */
  ends: 0 | 1;
  /** The number of all these. */
  likely: number;
  /** The most of them that were seen behind one and the same start. */
  branches: number;
  /** How likely each of them is behind any start: by guesses, and by what was seen. */
  chance: number;
}

/**
 * Measures distances between keys by what is seen at each position of some keys: a key counts as a number,
 * with a digit for each position. Between keys of digits, letters thus take no room, and a position at
 * which all keys are the same takes none.
 */
export class Alphabet {
  readonly #keys: readonly Points[];
  /** The number of characters that each key shares with the one before it. */
  readonly #shared: readonly number[];
  readonly #levels = new Map<number, Level>();

  readonly #trials: readonly Trial[];
  /** All keys share so many characters. */
  readonly #common: number;

  readonly #branches: readonly (readonly number[])[];

  /** The keys are in order. `branches` has the answers of `branchesIn` for whole pages of keys. */
  constructor(
    keys: readonly Points[],
    trials: readonly Trial[],
    branches: readonly (readonly number[])[],
  ) {
    this.#keys = keys;
    this.#branches = branches;
    this.#trials = trials;
    this.#common = sharedLength(keys[0] ?? [], keys.at(-1) ?? []);
    this.#shared = keys.map((key, i) => sharedLength(keys[i - 1] ?? [], key));
  }

  /** The most different ways in which keys are seen to go on at the position behind one start. */
  branches(position: number): number {
    return this.#level(position).branches;
  }

  /**
   * Returns the character in the middle of the likely ones between two others, and whether it lies past
   * all that were seen; `undefined` if there are none.
   */
  middle(
    position: number,
    low: number,
    high: number,
  ): { point: number; isPast: boolean } | undefined {
    const { ascii, others, branches } = this.#level(position);
    if (branches < 2) return undefined;
    const between = ascii.filter((point) => point > low && point < high);
    let [from, to] = [0, 0];
    if (others !== undefined && others.least < others.greatest) {
      // Behind the greatest, twice as many may follow as were seen.
      const reach = low < others.greatest ? 0 : others.greatest - others.least + 1;
      from = Math.max(low + 1, others.least);
      to = Math.max(from, Math.min(high, Math.max(low, others.greatest) + reach + 1));
    }
    const at = Math.floor((between.length + to - from) / 2);
    if (between.length + to - from === 0) return undefined;
    const point = between[at] ?? from + at - between.length;
    const allowed = isText(point) ? point : pointAfter(point < 0xe000 ? 0xd7ff : 0xfffd);
    if (allowed >= high) return undefined;
    return { point: allowed, isPast: others !== undefined && allowed > others.greatest };
  }

  /**
   * The logarithm of the distance between two keys in order, in parts of all keys. -Infinity if it is
   * nothing.
   */
  distance(a: Points, b: Points): number {
    const position = sharedLength(a, b);
    return this.#between(a, position, b[position] ?? 0, this.#part(b, position + 1, 'before'));
  }

  /** As `distance`, to the end of the keys that share all characters before a position with this one. */
  distanceToEnd(a: Points, position: number): number {
    return this.#between(a, position, BEHIND_ALL, 0);
  }

  #between(a: Points, position: number, end: number, start: number): number {
    let scale = 0;
    for (let i = Math.min(position, this.#common); i <= position; i++)
      scale -= Math.log(sizeOf(this.#level(i)));
    const level = this.#level(position);
    const [low, high] = [rankOf(level, a[position]), rankOf(level, end)];
    const between = Math.max(0, high - low - 1) * level.chance;
    return scale + Math.log(this.#part(a, position + 1, 'behind') + between + start);
  }

  /** The part of the keys that share all characters before a position with this one, on a side of it. */
  #part(key: Points, from: number, side: 'before' | 'behind'): number {
    let part = 0;
    let scale = 1;
    for (let position = from; scale > NEGLIGIBLE && position <= key.length; position++) {
      const point = key[position];
      const level = this.#level(position);
      const rank = rankOf(level, point);
      scale /= sizeOf(level);
      const others = side === 'before' ? rank : level.likely - 1 - rank;
      part += scale * Math.max(0, others) * level.chance;
      if (point === undefined) break;
    }
    return Math.min(1, part);
  }

  #level(position: number): Level {
    let level = this.#levels.get(position);
    if (level === undefined) this.#levels.set(position, (level = this.#see(position)));
    return level;
  }

  #see(position: number): Level {
    const seen = new Set<number>();
    let [ends, branches, here]: [0 | 1, number, number] = [0, 0, 0];
    for (const [i, key] of this.#keys.entries()) {
      if (key.length < position) continue;
      const shared = i === 0 ? 0 : (this.#shared[i] ?? 0);
      if (shared < position || here === 0) here = 1;
      else if (shared === position) here += 1;
      branches = Math.max(branches, here);
      const point = key[position];
      if (point === undefined) ends = 1;
      else seen.add(point);
    }
    for (const page of this.#branches) branches = Math.max(branches, page[position] ?? 0);
    const trials = this.#trials.filter(({ points }) => points.length === position + 1);
    return levelOf([...seen], ends, branches, trials);
  }
}

/** Returns for each position the most ways in which keys, which are in order, go on behind one start. */
export function branchesIn(keys: readonly string[]): number[] {
  // All of them share what the first and the last share.
  const [first, last] = [pointsOf(keys[0] ?? ''), pointsOf(keys.at(-1) ?? '')];
  const common = sharedLength(first, last);
  const skipped = textOf(first.slice(0, common)).length;
  const rests = keys.map((key) => pointsOf(key.slice(skipped)));
  const most: number[] = new Array<number>(common).fill(1);
  const here: number[] = [];
  for (const [i, rest] of rests.entries()) {
    const shared = i === 0 ? 0 : sharedLength(rests[i - 1] ?? [], rest);
    here.length = Math.min(here.length, shared + 1);
    here[shared] = (here[shared] ?? 1) + (i === 0 ? 0 : 1);
    for (let at = 0; at <= shared; at++) {
      most[common + at] = Math.max(most[common + at] ?? 1, here[at] ?? 1);
    }
  }
  return most;
}

function levelOf(
  seen: readonly number[],
  ends: 0 | 1,
  branches: number,
  trials: readonly Trial[],
): Level {
  const plain = seen.filter((point) => point < ASCII_END);
  const ascii = [...new Set([...plain, ...CLASSES.flatMap((ends) => likelyIn(plain, ends))])];
  ascii.sort((a, b) => a - b);
  const strange = seen.filter((point) => point >= ASCII_END);
  const least = strange.reduce((a, b) => Math.min(a, b), BEHIND_ALL);
  const greatest = strange.reduce((a, b) => Math.max(a, b), -1);
  const span = strange.length === 0 ? 0 : greatest - least + 1;
  const likely = ascii.length + ends + span;
  const isWide = strange.length >= SEVERAL;
  const byBranches = isWide ? 1 : Math.min(1, Math.max(0, branches - 1) / Math.max(1, likely - 1));
  const hits = trials.filter(({ isHit }) => isHit).length;
  const chance = isWide ? 1 : (hits + byBranches) / (trials.length + 1);
  const others = strange.length === 0 ? undefined : { least, greatest };
  return { ascii, others, ends, likely, branches, chance };
}

/** The characters of a class up to the first of its ends that holds all of it that is seen. */
function likelyIn(seen: readonly number[], [first = 0, ...ends]: readonly number[]): number[] {
  const last = ends.at(-1) ?? first;
  const own = seen.filter((point) => point >= first && point <= last);
  if (own.length < 2) return [];
  const end = ends.find((end) => own.every((point) => point <= end)) ?? last;
  return Array.from({ length: end - first + 1 }, (_, i) => first + i);
}

/** How many ways of going on there are behind one start. */
function sizeOf({ likely, chance }: Level): number {
  return 1 + Math.max(0, likely - 1) * chance;
}

/** The number of likely ways of going on that come before this one. */
function rankOf({ ascii, others, ends, likely }: Level, point: number | undefined): number {
  if (point === undefined) return 0;
  if (point >= BEHIND_ALL) return likely;
  if (point < ASCII_END) {
    const rank = ascii.findIndex((other) => other >= point);
    return ends + (rank < 0 ? ascii.length : rank);
  }
  if (others === undefined) return likely;
  const { least, greatest } = others;
  return ends + ascii.length + Math.min(greatest + 1, Math.max(least, point)) - least;
}

function isText(point: number): boolean {
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return !isSurrogate && point !== 0xfffe && point !== 0xffff;
}
