import { bisect } from '../../src/ranges/bisect.js';
import { cutListing } from '../../src/ranges/cut-listing.js';
import type { KeyRange } from '../../src/ranges/key-range.js';
import { countWithin, keysStore } from './keys-store.js';

export interface Planned {
  /** As they were cut. */
  ranges: KeyRange[];
  /** As they are after all splits, in no order. */
  ends: KeyRange[];
  /** Of the cut. */
  requests: number;
  /** The largest range : the mean of the ranges that were wanted, before and after the splits. */
  largest: number;
  largestInTheEnd: number;
  splits: number;
  /** The most requests of one split. */
  requestsOfASplit: number;
  /** The largest part of a range that a split left on one side. */
  worstPart: number;
}

/** Ranges that hold more than this many times the mean are split. */
const MOST_MEANS = 1.5;

/** Cuts keys into ranges, and splits those that turn out to be large. */
export async function planShards(
  keys: readonly string[],
  wanted: number,
  pageSize = 1000,
): Promise<Planned> {
  const { signal } = new AbortController();
  const store = keysStore(keys, pageSize);
  const ranges = await cutListing(store, 'b', { wanted, signal });
  const requests = store.requests.length;
  const mean = keys.length / wanted;
  const sizeOf = (range: KeyRange) => countWithin(keys, range);
  const ends: KeyRange[] = [];
  let [splits, requestsOfASplit, worstPart] = [0, 0, 0.5];
  const queue = [...ranges];
  for (let range = queue.pop(); range !== undefined; range = queue.pop()) {
    const size = sizeOf(range);
    const before = store.requests.length;
    const isLarge = size > MOST_MEANS * mean;
    const key = isLarge ? await bisect(store, range, range.after, signal) : undefined;
    requestsOfASplit = Math.max(requestsOfASplit, store.requests.length - before);
    if (key === undefined) {
      ends.push(range);
      continue;
    }
    const [near, far] = [
      { ...range, through: key },
      { ...range, after: key },
    ];
    splits += 1;
    worstPart = Math.max(worstPart, sizeOf(near) / size, sizeOf(far) / size);
    if (worstPart === 1) throw new Error(`a split at ${JSON.stringify(key)} gives nothing away`);
    queue.push(near, far);
  }
  const largestOf = (all: readonly KeyRange[]) => Math.max(...all.map(sizeOf)) / mean;
  return {
    ...{ ranges, ends, requests, splits, requestsOfASplit, worstPart },
    ...{ largest: largestOf(ranges), largestInTheEnd: largestOf(ends) },
  };
}
