import type { ChunkReference } from '../archive/directory.js';
import { compareKeys } from '../key-order.js';
import { type KeyRange, rangesBetween } from './key-range.js';

/**
 * What an object costs beside its bytes, as the bytes that are captured in the same time. One process
 * moves some 100 MB or 800 small objects a second.
 */
export const OBJECT_COST_BYTES = 128_000;

/** A range is no heavier than this many times the mean, unless it is a single chunk. */
const MOST_MEANS = 2;

/** The weight of objects in bytes: what they hold, and what each costs. */
export function weightOf({ objects, bytes }: Pick<ChunkReference, 'objects' | 'bytes'>): number {
  return bytes + objects * OBJECT_COST_BYTES;
}

/** Returns whether a chunk of the index can have objects whose keys lie in the range. */
export function mayMeet(
  { first, last }: Pick<ChunkReference, 'first' | 'last'>,
  { bucket, after, through }: KeyRange,
): boolean {
  const endsBefore =
    compareKeys(last.bucket, bucket) < 0 ||
    (last.bucket === bucket && after !== null && compareKeys(last.key, after) <= 0);
  const beginsBehind =
    compareKeys(first.bucket, bucket) > 0 ||
    (first.bucket === bucket && through !== null && compareKeys(first.key, through) > 0);
  return !endsBefore && !beginsBehind;
}

/** The weight of a shard where the user does not give a number of shards; see `weightOf`. */
const SHARD_WEIGHT_BYTES = 4 * 1024 ** 3;
const FEWEST_SHARDS = 16;
const MOST_BY_DEFAULT = 1024;

/** Returns into how many shards the work on these objects is cut where nobody says how many. */
export function shardsFor(chunks: readonly Pick<ChunkReference, 'objects' | 'bytes'>[]): number {
  const weight = chunks.reduce((sum, chunk) => sum + weightOf(chunk), 0);
  return Math.min(MOST_BY_DEFAULT, Math.max(FEWEST_SHARDS, Math.ceil(weight / SHARD_WEIGHT_BYTES)));
}

/** A chunk, or the part of it that lies in one bucket. */
export interface ChunkPart {
  weight: number;
  /** The key at which a range may end; `null` where none may. */
  end: string | null;
}

/**
 * Cuts buckets into about `wanted` ranges of about equal weight by the index of an earlier backup, whose
 * chunks are in order. Every bucket is covered exactly once, from its first key to its last, by at least
 * one range. A bucket that is not in the index is one range. Within a bucket, ranges end where chunks
 * end, so that an incremental backup can keep chunks as they are.
 */
export function cutIndex(
  chunks: readonly ChunkReference[],
  buckets: readonly string[],
  wanted: number,
): KeyRange[] {
  const names = [...new Set(buckets)].sort(compareKeys);
  const parts = partsOf(chunks, names);
  const mean = sumOf([...parts.values()].flat()) / Math.max(1, wanted);
  return names.flatMap((bucket) => {
    const ends = endsOf(parts.get(bucket) ?? [], mean);
    return rangesBetween({ bucket, after: null, through: null }, ends);
  });
}

/** Returns the weight of each range that `cutIndex` has made of these chunks, in the same order. */
export function weighRanges(
  chunks: readonly ChunkReference[],
  ranges: readonly KeyRange[],
): number[] {
  const names = [...new Set(ranges.map(({ bucket }) => bucket))].sort(compareKeys);
  const parts = partsOf(chunks, names);
  const weights = ranges.map(() => 0);
  let at = 0;
  for (const bucket of names) {
    while (ranges[at]?.bucket !== bucket) at += 1;
    for (const { weight, end } of parts.get(bucket) ?? []) {
      weights[at] = (weights[at] ?? 0) + weight;
      const through = ranges[at]?.through ?? null;
      if (end !== null && through !== null && compareKeys(end, through) >= 0) at += 1;
    }
  }
  return weights;
}

/**
 * Returns the parts of the chunks in each of these buckets, which are in order. A chunk of several
 * buckets counts in equal parts in those of them that are given.
 */
export function partsOf(
  chunks: readonly ChunkReference[],
  buckets: readonly string[],
): Map<string, ChunkPart[]> {
  const parts = new Map<string, ChunkPart[]>(buckets.map((bucket) => [bucket, []]));
  let from = 0;
  for (const chunk of chunks) {
    const { first, last } = chunk;
    while (from < buckets.length && compareKeys(buckets[from] ?? '', first.bucket) < 0) from += 1;
    const held: string[] = [];
    for (const bucket of buckets.slice(from)) {
      if (compareKeys(bucket, last.bucket) > 0) break;
      held.push(bucket);
    }
    for (const bucket of held) {
      // A key that is not valid text cannot be asked for as the start of a listing.
      const isEnd = bucket === last.bucket && last.key.isWellFormed();
      const weight = weightOf(chunk) / held.length;
      parts.get(bucket)?.push({ weight, end: isEnd ? last.key : null });
    }
  }
  return parts;
}

/** Returns the keys at which the ranges of a bucket end, but for the last range. */
function endsOf(parts: readonly ChunkPart[], mean: number): string[] {
  const total = sumOf(parts);
  const wanted = Math.max(1, Math.round(total / mean));
  if (!(wanted > 1)) return [];
  // The smallest limit for which so many ranges suffice makes them the most alike.
  let [low, high] = [total / wanted, total];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (fill(parts, middle).length < wanted) high = middle;
    else low = middle;
  }
  return fill(parts, Math.min(high, MOST_MEANS * mean));
}

/** Fills one range after the other up to the limit; returns the ends of all but the last. */
function fill(parts: readonly ChunkPart[], limit: number): string[] {
  const ends: string[] = [];
  let end: string | null = null;
  let weight = 0;
  for (const part of parts) {
    if (end !== null && weight + part.weight > limit) {
      ends.push(end);
      weight = 0;
    }
    weight += part.weight;
    end = part.end;
  }
  return ends;
}

function sumOf(parts: readonly ChunkPart[]): number {
  return parts.reduce((sum, { weight }) => sum + weight, 0);
}
