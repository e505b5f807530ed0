import type { Directory } from '../../archive/directory.js';
import { type KeySelection, selectsAll } from '../../archive/select.js';
import { MangamotionError } from '../../errors.js';
import { type ObjectName, compareKeys } from '../../key-order.js';
import type { Summary } from '../../repository/summary.js';
import type { DiffRow, NotCompared } from './row.js';

/** What of two sides is compared. Pure. */

export interface DiffSelection extends KeySelection {
  /** Empty means all. */
  buckets: readonly string[];
}

/** A side as far as its buckets go. */
export interface BucketSide {
  /** The name that people see: the id of a backup, or `the store`. */
  name: string;
  buckets: readonly string[];
  /** Returns whether the selection of this backup or store includes the bucket. */
  covers: (bucket: string) => boolean;
}

export interface Scope {
  /** In key order. */
  buckets: string[];
  notCompared: NotCompared[];
  /** Whether everything is compared that both sides have. */
  isWhole: boolean;
}

export function sideOf({ id, source }: Summary, { buckets }: Directory): BucketSide {
  const { buckets: only, excluded_buckets: excluded } = source;
  return {
    name: id,
    buckets: buckets.map(({ name }) => name),
    covers: (bucket) => (only === null || only.includes(bucket)) && !excluded.includes(bucket),
  };
}

/** Throws `not_found` for a bucket that neither side has. */
export function scopeOf(before: BucketSide, after: BucketSide, selection: DiffSelection): Scope {
  const names = [...new Set([...before.buckets, ...after.buckets])].sort(compareKeys);
  const unknown = selection.buckets.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new MangamotionError(
      'not_found',
      `neither ${before.name} nor ${after.name} has a bucket ${unknown}`,
      { hint: `They have: ${names.join(', ')}.` },
    );
  }
  const selected = new Set(selection.buckets.length === 0 ? names : selection.buckets);
  const notCompared: NotCompared[] = [];
  const buckets: string[] = [];
  for (const bucket of names) {
    if (!selected.has(bucket)) continue;
    const lacking = [before, after].find(
      (side) => !side.buckets.includes(bucket) && !side.covers(bucket),
    );
    if (lacking === undefined) buckets.push(bucket);
    else notCompared.push({ bucket, reason: `not selected by ${lacking.name}` });
  }
  return { buckets, notCompared, isWhole: buckets.length === names.length };
}

/** Whether a bucket was asked for by its name and is not compared. */
export function leavesOutNamed(
  notCompared: readonly NotCompared[],
  { buckets }: Pick<DiffSelection, 'buckets'>,
): boolean {
  return buckets.length > 0 && notCompared.length > 0;
}

/** Returns the check whether an object is selected, among buckets that are compared. */
export function selects(scope: Scope, selection: KeySelection): (name: ObjectName) => boolean {
  const buckets = new Set(scope.buckets);
  const all = selectsAll(selection);
  const { prefixes, keys } = selection;
  return ({ bucket, key }) =>
    buckets.has(bucket) &&
    (all || keys.includes(key) || prefixes.some((prefix) => key.startsWith(prefix)));
}

/** Returns the row of a bucket that only one side has, or of which a side does not know all. */
export function bucketRow(
  bucket: string,
  [before, after]: readonly [BucketSide, BucketSide],
  doubt: string | undefined,
): DiffRow | undefined {
  const [was, is] = [before.buckets.includes(bucket), after.buckets.includes(bucket)];
  if (was && is && doubt === undefined) return undefined;
  const change = doubt !== undefined ? 'unknown' : is ? 'added' : 'removed';
  return {
    ...{ change, kind: 'bucket', bucket, key: null, document: null, what: [] },
    ...{ before: null, after: null, reason: doubt ?? null },
  };
}
