import type { Directory } from '../archive/directory.js';
import { mayHold, selectsAll } from '../archive/select.js';
import { cutIndex, weighRanges } from '../ranges/cut-index.js';
import type { KeyRange } from '../ranges/key-range.js';
import type { Share } from '../workers/sharer.js';
import { type RestoreSelection, selectBuckets } from './selection.js';

/** So many ranges for each share: more are dealt out more evenly, and each costs some requests. */
const RANGES_A_SHARE = 4;

/**
 * Returns the ranges of one share of the selected buckets, in order, by the index of the backup. The ranges
 * of all shares cover each selected bucket exactly once, from its first key to its last, and weigh about
 * the same. Whoever has the same backup gets the same ranges. A share may have none. Pure; throws as
 * `selectBuckets` does.
 */
export function shareRanges(
  directory: Pick<Directory, 'buckets' | 'chunks'>,
  selection: RestoreSelection,
  { index, of }: Share,
): KeyRange[] {
  const names = selectBuckets(directory, selection).map(({ name }) => name);
  const chunks = selectsAll(selection)
    ? directory.chunks
    : directory.chunks.filter((chunk) => names.some((name) => mayHold(chunk, name, selection)));
  const ranges = cutIndex(chunks, names, of * RANGES_A_SHARE);
  const dealt = deal(weighRanges(chunks, ranges), of);
  return joined(ranges.filter((_, at) => dealt[at] === index - 1));
}

interface Hand {
  weight: number;
  count: number;
}

/**
 * Deals weights out to so many hands: the heaviest first, each to the hand that has least. Returns the hand
 * of each weight.
 */
function deal(weights: readonly number[], hands: number): number[] {
  const held = Array.from({ length: hands }, (): Hand => ({ weight: 0, count: 0 }));
  const dealt: number[] = [];
  const heaviestFirst = [...weights.entries()].sort(([, a], [, b]) => b - a);
  for (const [at, weight] of heaviestFirst) {
    let least = 0;
    let hand = held[0];
    for (const [other, one] of held.entries()) {
      if (hand === undefined || !hasLess(one, hand)) continue;
      least = other;
      hand = one;
    }
    dealt[at] = least;
    held[least] = { weight: (hand?.weight ?? 0) + weight, count: (hand?.count ?? 0) + 1 };
  }
  return dealt;
}

function hasLess(a: Hand, b: Hand): boolean {
  return a.weight < b.weight || (a.weight === b.weight && a.count < b.count);
}

/** Joins neighbours: each range costs requests of its own. */
function joined(ranges: readonly KeyRange[]): KeyRange[] {
  const all: KeyRange[] = [];
  for (const range of ranges) {
    const last = all.at(-1);
    const goesOn =
      last?.bucket === range.bucket && last.through !== null && last.through === range.after;
    if (goesOn) last.through = range.through;
    else all.push({ ...range });
  }
  return all;
}
