import { type ObjectName, compareKeys } from '../key-order.js';
import type { ChunkReference } from './directory.js';

/** Selects keys of a bucket: those named and those with a prefix; all if both lists are empty. */
export interface KeySelection {
  keys: readonly string[];
  prefixes: readonly string[];
}

/** A contiguous range of a listing: one key, or all keys with a prefix. */
export type KeyRange = { key: string } | { prefix: string };

export function selectsAll({ keys, prefixes }: KeySelection): boolean {
  return keys.length === 0 && prefixes.length === 0;
}

/** Returns the selection as disjoint ranges in key order, which give each selected key once. */
export function rangesOf(selection: KeySelection): readonly KeyRange[] {
  const known = knownRanges.get(selection);
  if (known !== undefined) return known;
  const ranges = selectsAll(selection) ? [{ prefix: '' }] : disjointRanges(selection);
  knownRanges.set(selection, ranges);
  return ranges;
}

/** A cache, because the ranges are needed for each of up to a million chunks. */
const knownRanges = new WeakMap<KeySelection, readonly KeyRange[]>();

function disjointRanges(selection: KeySelection): KeyRange[] {
  const prefixes = [...new Set(selection.prefixes)].filter(
    (prefix, _, all) => !all.some((other) => other !== prefix && prefix.startsWith(other)),
  );
  const keys = [...new Set(selection.keys)].filter(
    (key) => !prefixes.some((prefix) => key.startsWith(prefix)),
  );
  const ranges: KeyRange[] = [
    ...prefixes.map((prefix) => ({ prefix })),
    ...keys.map((key) => ({ key })),
  ];
  return ranges.sort((a, b) => compareKeys(startOf(a), startOf(b)));
}

function startOf(range: KeyRange): string {
  return 'key' in range ? range.key : range.prefix;
}

function isIn(range: KeyRange, key: string): boolean {
  return 'key' in range ? key === range.key : key.startsWith(range.prefix);
}

/** Whether a chunk may hold a selected object of the bucket; others need not be read. */
export function mayHold(chunk: ChunkReference, bucket: string, selection: KeySelection): boolean {
  return rangesOf(selection).some((range) => mayHoldRange(chunk, bucket, range));
}

function mayHoldRange(chunk: ChunkReference, bucket: string, range: KeyRange): boolean {
  const from = startOf(range);
  if (compareKeys(chunk.first.bucket, bucket) > 0) return false;
  if (compareKeys(chunk.last.bucket, bucket) < 0) return false;
  if (chunk.last.bucket === bucket && compareKeys(chunk.last.key, from) < 0) return false;
  // Keys with a prefix are contiguous: a chunk that begins after the last of them has none.
  const beginsBehind = chunk.first.bucket === bucket && compareKeys(chunk.first.key, from) > 0;
  return !beginsBehind || isIn(range, chunk.first.key);
}

/** Returns the lines, or other named items, that belong to the bucket and are selected. */
export function selectLines<Named extends ObjectName>(
  lines: readonly Named[],
  bucket: string,
  selection: KeySelection,
): Named[] {
  if (selectsAll(selection)) return lines.filter((line) => line.bucket === bucket);
  const keys = new Set(selection.keys);
  return lines.filter(
    ({ bucket: of, key }) =>
      of === bucket &&
      (keys.has(key) || selection.prefixes.some((prefix) => key.startsWith(prefix))),
  );
}
