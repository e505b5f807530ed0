import type { Alphabet } from './alphabet.js';
import {
  BEHIND_ALL,
  type Points,
  pointAfter,
  pointsOf,
  sharedLength,
  textOf,
} from './key-points.js';

/** Where to look next between two keys of which only the ends are known. Pure. */

/** Where the ends of a gap part: all its keys share the characters before. */
export function branchOf(
  low: Points,
  through: string | null,
): { position: number; high: Points; isSubtree: boolean } {
  let high: Points = through === null ? [BEHIND_ALL] : pointsOf(through);
  let position = sharedLength(low, high);
  let isSubtree = through === null;
  // Up to the end of what begins with the first character that differs.
  for (;;) {
    const point = low[position];
    const isNext = point !== undefined && pointAfter(point) === high[position];
    if (!isNext || high.length !== position + 1) break;
    position += 1;
    high = [...low.slice(0, position), BEHIND_ALL];
    isSubtree = true;
  }
  return { position, high, isSubtree };
}

interface Guess {
  key: string;
  /** The position of the character that the guess changes. */
  branch: number;
  /**
   * What may follow that nothing seen so far hints at, in parts of what is known before it: the more
   * branches are known, the less likely is another one.
   */
  doubt: number;
}

/** Guesses a place that parts a gap into two alike, or that proves that there is nothing past a branch. */
export function guessIn(
  alphabet: Alphabet,
  low: Points,
  position: number,
  high: Points,
): Guess | undefined {
  const shared = low.slice(0, position);
  const least = low[position] ?? -1;
  const end = high[position] ?? BEHIND_ALL;
  const isLonger = high.length > position + 1;
  const middle = alphabet.middle(position, least, isLonger ? end + 1 : end);
  if (middle !== undefined) {
    const key = textOf([...shared, middle.point]);
    return { key, branch: position, doubt: middle.isPast ? 1 : 0 };
  }
  // The characters up to the first position that differs are the same in all keys that were seen here.
  let branch = position;
  if (alphabet.branches(position) < 2) {
    const further = low.findIndex((_, at) => at > position && alphabet.branches(at) > 1);
    branch = further < 0 ? position : further - 1;
  }
  const next = pointAfter(low[branch] ?? -1);
  if (next >= BEHIND_ALL) return undefined;
  const doubt = 1 / Math.max(1, alphabet.branches(branch));
  return { key: textOf([...low.slice(0, branch), next]), branch, doubt };
}
