import { type ObjectName, compareKeys } from '../key-order.js';
import type { ChunkReference } from './directory.js';

/** Which keys of a bucket are meant: one, those with a prefix, or all. */
export interface KeySelection {
  key?: string | undefined;
  prefix?: string | undefined;
}

function isSelected(selection: KeySelection, key: string): boolean {
  if (selection.key !== undefined) return key === selection.key;
  return selection.prefix === undefined || key.startsWith(selection.prefix);
}

/** Whether a chunk can hold a selected object of the bucket: the others need not be read. */
export function mayHold(chunk: ChunkReference, bucket: string, selection: KeySelection): boolean {
  const from = selection.key ?? selection.prefix ?? '';
  if (compareKeys(chunk.first.bucket, bucket) > 0) return false;
  if (compareKeys(chunk.last.bucket, bucket) < 0) return false;
  if (chunk.last.bucket === bucket && compareKeys(chunk.last.key, from) < 0) return false;
  // Keys with a prefix follow one another: a chunk that begins behind the last of them has none.
  const beginsBehind = chunk.first.bucket === bucket && compareKeys(chunk.first.key, from) > 0;
  return !beginsBehind || isSelected(selection, chunk.first.key);
}

/** The lines of a chunk, or other things with a name, that belong to the bucket and are selected. */
export function selectLines<Named extends ObjectName>(
  lines: readonly Named[],
  bucket: string,
  selection: KeySelection,
): Named[] {
  return lines.filter((line) => line.bucket === bucket && isSelected(selection, line.key));
}
