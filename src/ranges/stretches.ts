import { type Alphabet, branchesIn } from './alphabet.js';
import { type Points, pointsOf, sharedLength } from './key-points.js';

/** What is known of a piece of a range of keys. Pure. */

/** The number of keys that are kept of each page. */
const KEPT_A_PAGE = 16;
/** So many of them tell how dense the keys are at an end of the page. */
const KEPT_AT_AN_END = 5;

interface Kept {
  key: string;
  points: Points;
  /** How many keys of the run come before it. */
  index: number;
}

/** Keys that were listed one after the other: between the first and the last there are no others. */
export interface Run {
  kind: 'run';
  kept: Kept[];
  /** By position; see `branchesIn`. */
  branches: number[];
  weight: number;
}

/** What lies between two runs, of which only the ends are known. */
export interface Gap {
  kind: 'gap';
  after: string;
  /** The last key that may be in it; `null`: there is no end. */
  through: string | null;
  /** An estimate of the number of keys. */
  weight: number;
  /** The number of keys if it is as dense everywhere as at its denser end. */
  most: number;
  /** Hardly anything is known of its branch. */
  isUnknown: boolean;
  /** The place to look at next; `undefined` if there is none between the ends. */
  guess: string | undefined;
}

export type Stretch = Run | Gap;

/** Returns a gap that was not estimated yet. */
export function gapBetween(after: string, through: string | null): Gap {
  return { kind: 'gap', after, through, weight: 0, most: 0, isUnknown: false, guess: undefined };
}

/** `keys`: those of a page, of which it keeps a few. */
export function runOf(keys: readonly string[]): Run {
  const count = Math.min(KEPT_A_PAGE, keys.length);
  const kept = Array.from({ length: count }, (_, i) => {
    const index = count === 1 ? 0 : Math.round((i * (keys.length - 1)) / (count - 1));
    const key = keys[index] ?? '';
    return { key, points: pointsOf(key), index };
  });
  return { kind: 'run', kept, branches: branchesIn(keys), weight: keys.length };
}

/** The logarithm of the number of keys in a unit of distance at the end of a run. */
export function densityAtEnd(alphabet: Alphabet, { kept }: Run): number | undefined {
  return densityOf(alphabet, kept.slice(-KEPT_AT_AN_END));
}

/** The same at the start of a run, if keys there have this start. */
export function densityAtStart(
  alphabet: Alphabet,
  { kept }: Run,
  shared: Points,
): number | undefined {
  const alike = kept.filter(({ points }) => sharedLength(points, shared) === shared.length);
  return densityOf(alphabet, alike.slice(0, KEPT_AT_AN_END));
}

function densityOf(alphabet: Alphabet, kept: readonly Kept[]): number | undefined {
  const [first, last] = [kept[0], kept.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const distance = alphabet.distance(first.points, last.points);
  return Number.isFinite(distance) ? Math.log(last.index - first.index) - distance : undefined;
}
