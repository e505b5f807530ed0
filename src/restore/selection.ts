import type { Directory } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { type KeySelection, selectLines, selectsAll } from '../archive/select.js';
import { MangamotionError } from '../errors.js';
import type { ObjectName } from '../key-order.js';
import { type KeyRange, isWithin } from '../ranges/key-range.js';
import type { OpenBackup } from '../repository/open-backup.js';
import type { Share } from '../workers/sharer.js';

/** Selects the part of a backup that is restored, and its target. Pure. */

export interface RestoreSelection extends KeySelection {
  /** Names in the backup; empty means all. */
  buckets: readonly string[];
  /** The target of each renamed bucket, by its name in the backup. */
  renames: ReadonlyMap<string, string>;
  /** Restores only these of the selected objects, as a sample. */
  only?: ((line: Pick<IndexLine, 'bucket' | 'key'>) => boolean) | undefined;
  /**
   * Restores only what lies in one of these, and only buckets that have one. They name buckets of the
   * backup, are in order, and do not overlap.
   */
  ranges?: readonly KeyRange[] | undefined;
}

/** Returns the ranges of a bucket of the backup; `undefined` if nothing is cut. */
export function rangesIn(
  { ranges }: Pick<RestoreSelection, 'ranges'>,
  bucket: string,
): readonly KeyRange[] | undefined {
  return ranges?.filter((range) => range.bucket === bucket);
}

/** Whether every object of a selected bucket is selected. */
export function selectsWhole(selection: RestoreSelection): boolean {
  return selectsAll(selection) && selection.ranges === undefined;
}

/** Returns the lines, or other named items, of the bucket that are selected and lie in its ranges. */
export function selectWithin<Named extends ObjectName>(
  lines: readonly Named[],
  bucket: string,
  selection: RestoreSelection,
): Named[] {
  const selected = selectLines(lines, bucket, selection);
  const ranges = rangesIn(selection, bucket);
  if (ranges === undefined) return selected;
  return selected.filter(({ key }) => ranges.some((range) => isWithin(range, key)));
}

export interface SelectedBucket {
  name: string;
  target: string;
}

/**
 * Returns the buckets to restore, in the backup's order. Throws `not_found` for a bucket that the
 * backup does not have, and `usage` if two buckets have the same target.
 */
export function selectBuckets(
  directory: Pick<Directory, 'buckets'>,
  selection: RestoreSelection,
): SelectedBucket[] {
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
  const { ranges } = selection;
  if (ranges === undefined) return selected;
  const within = new Set(ranges.map(({ bucket }) => bucket));
  return selected.filter(({ name }) => within.has(name));
}

/** Whether a name is valid for S3 or for older servers (capitals, `_`): 3 to 63 characters. */
export function isBucketName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(name) && !name.includes('..');
}

/** `metadata`: bucket documents. `data`: objects. `full`: both. */
export type RestoreScope = 'full' | 'metadata' | 'data';

export interface ScopeRequest {
  scope: RestoreScope;
  selection: KeySelection;
  deleteExtra: boolean;
  share?: Share | undefined;
}

/**
 * Returns whether documents and objects are restored; a key or a prefix selects only objects.
 * Throws `usage` for contradictory options, and `not_found` if the backup has no objects.
 */
export function decideScope(
  { scope, selection, deleteExtra, share }: ScopeRequest,
  backup: OpenBackup['summary'],
) {
  const narrowed = !selectsAll(selection);
  if (share !== undefined) refuseShare({ scope, selection, deleteExtra });
  if (scope === 'metadata' && narrowed) {
    throw usage('--key and --prefix select objects, and metadata restores none');
  }
  if (scope === 'metadata' && deleteExtra) {
    throw usage('--delete-extra removes objects, and a restore of metadata changes none');
  }
  if (deleteExtra && selection.keys.length > 0) {
    throw usage('--delete-extra and --key exclude each other');
  }
  if (scope === 'data' && backup.type === 'metadata') {
    throw new MangamotionError('not_found', `${backup.id} holds no objects, only metadata`, {
      hint: 'Restore it with the scope metadata, or name a full or incremental backup.',
    });
  }
  if (share !== undefined && backup.type === 'metadata') {
    throw usage(`${backup.id} holds no objects that could be shared out, only metadata`);
  }
  if (deleteExtra) refuseDeletion(backup);
  return {
    documents: scope !== 'data' && !narrowed,
    objects: scope !== 'metadata' && backup.type !== 'metadata',
  };
}

/** Throws `usage` for what cannot be restored in shares. */
function refuseShare({ scope, selection, deleteExtra }: Omit<ScopeRequest, 'share'>): void {
  if (scope === 'metadata')
    throw usage('only objects are restored in shares, and metadata has none');
  if (selection.keys.length > 0) throw usage('single keys (--key) are not restored in shares');
  if (!deleteExtra) return;
  throw new MangamotionError('usage', '--delete-extra and --shard exclude each other', {
    hint: 'Give --delete-extra to the restore without --shard at the end.',
  });
}

/** Throws `refused` unless the backup is complete: an object that it merely lacks is not extra. */
function refuseDeletion({ id, type, status }: OpenBackup['summary']): void {
  if (type !== 'metadata' && status === 'complete') return;
  const why = type === 'metadata' ? 'it holds no objects' : `it is ${status}`;
  throw new MangamotionError(
    'refused',
    `--delete-extra would remove everything that ${id} lacks, and ${why}: nothing was changed`,
    { hint: 'Restore it without --delete-extra, or use a complete backup.' },
  );
}

function usage(message: string): MangamotionError {
  return new MangamotionError('usage', message);
}
