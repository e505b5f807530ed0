import type { RunPlan } from '../../repository/runs/run-plan.js';
import type { KeyRange } from '../../repository/summary.js';
import { compareKeys } from '../../key-order.js';
import { compareRanges, isWithin, rangesBetween, tile } from '../../ranges/key-range.js';
import type { FoundPart } from './part-list.js';

/** What the parts of a run cover of its plan. Pure. */
export interface Coverage {
  /** The parts that make up the backup, in the order of their ranges. */
  chosen: FoundPart[];
  /** The ranges without a part, in order, each with the number of the shard that it lies in. */
  gaps: Gap[];
}

export interface Gap {
  shard: number;
  range: KeyRange;
  isGone: boolean;
}

/**
 * Chooses the parts that cover the ranges of a plan without gap or overlap. `givenAway`: the ends of ranges
 * that workers have given away. A gap is divided where one of them begins.
 */
export function coverageOf(
  { shards }: Pick<RunPlan, 'shards'>,
  parts: readonly FoundPart[],
  givenAway: readonly KeyRange[] = [],
): Coverage {
  const byBucket = new Map<string, FoundPart[]>();
  for (const part of [...parts].sort((a, b) => compareRanges(a.range, b.range))) {
    const { bucket } = part.range;
    const there = byBucket.get(bucket);
    if (there === undefined) byBucket.set(bucket, [part]);
    else there.push(part);
  }
  const coverage: Coverage = { chosen: [], gaps: [] };
  for (const [shard, { range, gone }] of shards.entries()) {
    const tiling = tile(
      range,
      startingIn(range, byBucket.get(range.bucket) ?? []),
      ({ range }) => range,
      ({ manifest }) => manifest.status !== 'complete',
    );
    coverage.chosen.push(...tiling.chosen);
    for (const gap of tiling.gaps) {
      for (const piece of dividedAt(gap, givenAway)) {
        coverage.gaps.push({ shard, range: piece, isGone: gone === true });
      }
    }
  }
  // The shards of buckets that came while the run was interrupted are the last ones of the plan.
  coverage.chosen.sort((a, b) => compareRanges(a.range, b.range));
  return coverage;
}

/** Returns the parts that start in a range. `parts`: in order of their starts; a run may have ten thousand. */
function startingIn({ after, through }: KeyRange, parts: readonly FoundPart[]): FoundPart[] {
  const end = through === null ? parts.length : firstFrom(parts, through);
  return parts.slice(after === null ? 0 : firstFrom(parts, after), end);
}

/** Returns the index of the first part that starts behind a key that is not before `key`. */
function firstFrom(parts: readonly FoundPart[], key: string): number {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const after = parts[middle]?.range.after ?? null;
    if (after === null || compareKeys(after, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function dividedAt(gap: KeyRange, givenAway: readonly KeyRange[]): KeyRange[] {
  const borders = givenAway
    .filter(({ bucket }) => bucket === gap.bucket)
    .flatMap(({ after }) => (after === null ? [] : [after]))
    .filter((key) => isWithin(gap, key) && key !== gap.through);
  return rangesBetween(gap, [...new Set(borders)].sort(compareKeys));
}
