import { compareKeys } from '../key-order.js';

/** The keys of a bucket behind `after`, up to and including `through`, in the byte order of their UTF-8. */
export interface KeyRange {
  bucket: string;
  /** `null`: from the first key. */
  after: string | null;
  /** `null`: to the last key. */
  through: string | null;
}

export function isWithin({ after, through }: KeyRange, key: string): boolean {
  return isBehind(key, after) && !isPast(key, through);
}

/** Whether a key lies behind the start of a range. */
export function isBehind(key: string, after: string | null): boolean {
  return after === null || compareKeys(key, after) > 0;
}

/** Whether a key lies past the end of a range. */
export function isPast(key: string, through: string | null): boolean {
  return through !== null && compareKeys(key, through) > 0;
}

/** By bucket, then by start, then by end. */
export function compareRanges(a: KeyRange, b: KeyRange): number {
  return (
    compareKeys(a.bucket, b.bucket) ||
    comparePlaces(startOf(a), startOf(b)) ||
    comparePlaces(endOf(a), endOf(b))
  );
}

/** Returns the ranges that end at these keys, which ascend, and the one behind them. */
export function rangesBetween(whole: KeyRange, ends: readonly string[]): KeyRange[] {
  const { bucket } = whole;
  const starts = [whole.after, ...ends];
  return starts.map((after, i) => ({ bucket, after, through: ends[i] ?? whole.through }));
}

/** A place right behind a key; before all keys or behind all of them if `key` is `null`. */
interface Place {
  key: string | null;
  isEnd: boolean;
}

const startOf = ({ after }: KeyRange): Place => ({ key: after, isEnd: false });
const endOf = ({ through }: KeyRange): Place => ({ key: through, isEnd: true });

function comparePlaces(a: Place, b: Place): number {
  if (a.key !== null && b.key !== null) return compareKeys(a.key, b.key);
  return sideOf(a) - sideOf(b);
}

function sideOf({ key, isEnd }: Place): number {
  if (key !== null) return 0;
  return isEnd ? 1 : -1;
}

export interface Tiling<T> {
  /** The chosen pieces, in order. No two of them overlap. */
  chosen: T[];
  /** What they leave uncovered, in order. */
  gaps: KeyRange[];
}

/** A usable piece, with its ends as indices of the places that pieces begin or end at. */
interface Tile<T> {
  piece: T;
  range: KeyRange;
  start: number;
  end: number;
}

/** The best choice of pieces up to a place. */
interface Choice<T> {
  /** The number of stretches between neighbouring places that it covers. */
  covered: number;
  flaws: number;
  count: number;
  /** The piece that ends there; `undefined` where nothing more is covered than at the place before. */
  last?: Tile<T>;
}

const NOTHING_CHOSEN = { covered: 0, flaws: 0, count: 0 };

/** The better choice comes first. */
function compareChoices(a: Choice<unknown>, b: Choice<unknown>): number {
  return b.covered - a.covered || a.flaws - b.flaws || a.count - b.count;
}

/**
 * Chooses pieces that cover the range without overlaps. Pieces may repeat, overlap or lie anywhere; one
 * that is not wholly within the range is not used. If pieces can cover all of it, the chosen ones do.
 * Otherwise they cover as many of the stretches between the ends of pieces as any choice covers. Of
 * equal choices, it takes one with the fewest pieces that have a flaw, and of those one with the fewest pieces.
 */
export function tile<T>(
  whole: KeyRange,
  pieces: readonly T[],
  rangeOf: (piece: T) => KeyRange,
  hasFlaw: (piece: T) => boolean = () => false,
): Tiling<T> {
  const { tiles, places } = arrange(whole, pieces, rangeOf);
  const best: Choice<T>[] = [NOTHING_CHOSEN];
  for (let place = 1; place < places; place++) {
    const { covered, flaws, count } = best[place - 1] ?? NOTHING_CHOSEN;
    let choice: Choice<T> = { covered, flaws, count };
    for (const last of tiles.get(place) ?? []) {
      const before = best[last.start];
      if (before === undefined) continue;
      const next = {
        covered: before.covered + place - last.start,
        flaws: before.flaws + (hasFlaw(last.piece) ? 1 : 0),
        count: before.count + 1,
        last,
      };
      if (compareChoices(next, choice) < 0) choice = next;
    }
    best.push(choice);
  }
  const taken: Tile<T>[] = [];
  for (let place = places - 1; place > 0;) {
    const last = best[place]?.last;
    if (last !== undefined) taken.push(last);
    place = last?.start ?? place - 1;
  }
  taken.reverse();
  return { chosen: taken.map(({ piece }) => piece), gaps: gapsOf(whole, taken) };
}

/** Returns the usable pieces by the place at which they end. */
function arrange<T>(
  whole: KeyRange,
  pieces: readonly T[],
  rangeOf: (piece: T) => KeyRange,
): { tiles: Map<number, Tile<T>[]>; places: number } {
  const usable = pieces
    .map((piece) => ({ piece, range: rangeOf(piece) }))
    .filter(({ range }) => isPart(range, whole));
  const sorted = usable
    .flatMap(({ range }, at) => [
      { at, place: startOf(range) },
      { at, place: endOf(range) },
    ])
    .sort((a, b) => comparePlaces(a.place, b.place));
  const starts: number[] = [];
  const tiles = new Map<number, Tile<T>[]>();
  let places = 0;
  let previous: Place | undefined;
  for (const { at, place } of sorted) {
    if (previous === undefined || comparePlaces(previous, place) !== 0) places += 1;
    previous = place;
    const one = usable[at];
    const start = starts[at];
    if (one === undefined || start === undefined) starts[at] = places - 1;
    else
      tiles.set(places - 1, [...(tiles.get(places - 1) ?? []), { ...one, start, end: places - 1 }]);
  }
  return { tiles, places };
}

/** Whether a range is not empty and lies wholly within another one. */
function isPart(range: KeyRange, whole: KeyRange): boolean {
  return (
    range.bucket === whole.bucket &&
    comparePlaces(startOf(whole), startOf(range)) <= 0 &&
    comparePlaces(startOf(range), endOf(range)) < 0 &&
    comparePlaces(endOf(range), endOf(whole)) <= 0
  );
}

function gapsOf(whole: KeyRange, taken: readonly { range: KeyRange }[]): KeyRange[] {
  const { bucket } = whole;
  const gaps: KeyRange[] = [];
  let reached = startOf(whole);
  for (const { range } of taken) {
    const gap = { bucket, after: reached.key, through: range.after };
    if (comparePlaces(reached, startOf(range)) < 0) gaps.push(gap);
    reached = endOf(range);
  }
  if (comparePlaces(reached, endOf(whole)) < 0) {
    gaps.push({ bucket, after: reached.key, through: whole.through });
  }
  return gaps;
}

/** Names a range for people: `originals behind a/1 up to b/2`. `hidesKeys`: only the bucket. */
export function rangeText({ bucket, after, through }: KeyRange, hidesKeys = false): string {
  if (after === null && through === null) return bucket;
  if (hidesKeys) return `a range of ${bucket}`;
  return [
    bucket,
    ...(after === null ? [] : [`behind ${JSON.stringify(after)}`]),
    ...(through === null ? [] : [`up to ${JSON.stringify(through)}`]),
  ].join(' ');
}
