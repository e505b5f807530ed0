import type { Directory } from '../archive/directory.js';
import type { KeySelection } from '../archive/select.js';
import { MangamotionError } from '../errors.js';

/** What of a backup is to be restored, and where to. */
export interface RestoreSelection extends KeySelection {
  /** Names as in the backup; empty means all. */
  buckets: readonly string[];
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

/** What S3 takes as a name, and old servers took too (capitals, `_`): 3 to 63 characters. */
export function isBucketName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(name) && !name.includes('..');
}
