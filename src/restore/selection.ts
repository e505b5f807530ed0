import type { ChunkReference, Directory } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { MangamotionError } from '../errors.js';
import { compareKeys } from '../key-order.js';

/** What of a backup is to be restored, and where to. */
export interface RestoreSelection {
  /** Names as in the backup; empty means all. */
  buckets: readonly string[];
  prefix: string | undefined;
  key: string | undefined;
  /** By the bucket's name in the backup: the bucket to restore it to. */
  renames: ReadonlyMap<string, string>;
}

export interface SelectedBucket {
  name: string;
  target: string;
}

/**
 * The buckets to restore, in the order of the backup. Throws `not_found` for a bucket that the
 * backup does not hold and `usage` for two buckets with one target.
 */
export function selectBuckets(directory: Directory, selection: RestoreSelection): SelectedBucket[] {
  const names = directory.buckets.map((bucket) => bucket.name);
  for (const name of [...selection.buckets, ...selection.renames.keys()]) {
    if (!names.includes(name)) {
      throw new MangamotionError('not_found', `the backup has no bucket ${name}`, {
        hint: `It has: ${names.join(', ')}.`,
      });
    }
  }
  const selected = names
    .filter((name) => selection.buckets.length === 0 || selection.buckets.includes(name))
    .map((name) => ({ name, target: selection.renames.get(name) ?? name }));
  const unused = [...selection.renames.keys()].find(
    (name) => !selected.some((bucket) => bucket.name === name),
  );
  if (unused !== undefined) {
    throw new MangamotionError('usage', `--as renames ${unused}, which --bucket leaves out`);
  }
  const targets = selected.map((bucket) => bucket.target);
  const twice = targets.find((target, i) => targets.indexOf(target) !== i);
  if (twice !== undefined) {
    throw new MangamotionError('usage', `two buckets would be restored to ${twice}`, {
      hint: 'Restore them one at a time with --bucket, or to different buckets with --as.',
    });
  }
  return selected;
}

export function isSelected(selection: RestoreSelection, key: string): boolean {
  if (selection.key !== undefined) return key === selection.key;
  return selection.prefix === undefined || key.startsWith(selection.prefix);
}

/** Whether a chunk can hold a selected object of the bucket: the others are not read. */
export function mayHold(
  chunk: ChunkReference,
  bucket: string,
  selection: RestoreSelection,
): boolean {
  const first = selection.key ?? selection.prefix ?? '';
  if (compareKeys(chunk.last.bucket, bucket) < 0 || compareKeys(chunk.first.bucket, bucket) > 0) {
    return false;
  }
  if (chunk.last.bucket === bucket && compareKeys(chunk.last.key, first) < 0) return false;
  if (chunk.first.bucket !== bucket || compareKeys(chunk.first.key, first) <= 0) return true;
  return isSelected(selection, chunk.first.key) && selection.key === undefined;
}

/** The lines of a chunk that belong to the bucket and are selected. */
export function selectLines(
  lines: readonly IndexLine[],
  bucket: string,
  selection: RestoreSelection,
): IndexLine[] {
  return lines.filter((line) => line.bucket === bucket && isSelected(selection, line.key));
}
