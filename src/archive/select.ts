import { type ObjectName, compareKeys } from '../key-order.js';
import type { ChunkReference } from './directory.js';

/** Which keys of a bucket are meant: those named, and those with one of the prefixes; all where there is neither. */
export interface KeySelection {
  keys: readonly string[];
  prefixes: readonly string[];
}

/** Keys that follow one another in a listing: one key, or all that begin with a prefix. */
export type KeyRange = { key: string } | { prefix: string };

export function selectsAll({ keys, prefixes }: KeySelection): boolean {
  return keys.length === 0 && prefixes.length === 0;
}

/**
 * The selection as ranges in the order of the keys, none of which has a key of another: listed one
 * after the other they give every selected key once, in order.
 */
export function rangesOf(selection: KeySelection): readonly KeyRange[] {
  const known = knownRanges.get(selection);
  if (known !== undefined) return known;
  const ranges = selectsAll(selection) ? [{ prefix: '' }] : disjointRanges(selection);
  knownRanges.set(selection, ranges);
  return ranges;
}

/** They are asked for with each of a million chunks. */
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

/** Whether a chunk can hold a selected object of the bucket: the others need not be read. */
export function mayHold(chunk: ChunkReference, bucket: string, selection: KeySelection): boolean {
  return rangesOf(selection).some((range) => mayHoldRange(chunk, bucket, range));
}

function mayHoldRange(chunk: ChunkReference, bucket: string, range: KeyRange): boolean {
  const from = startOf(range);
  if (compareKeys(chunk.first.bucket, bucket) > 0) return false;
  if (compareKeys(chunk.last.bucket, bucket) < 0) return false;
  if (chunk.last.bucket === bucket && compareKeys(chunk.last.key, from) < 0) return false;
  // Keys with a prefix follow one another: a chunk that begins behind the last of them has none.
  const beginsBehind = chunk.first.bucket === bucket && compareKeys(chunk.first.key, from) > 0;
  return !beginsBehind || isIn(range, chunk.first.key);
}

/** The lines of a chunk, or other things with a name, that belong to the bucket and are selected. */
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
