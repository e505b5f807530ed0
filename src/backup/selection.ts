import { compareKeys } from '../key-order.js';
import { MangamotionError } from '../errors.js';
import type { Bucket } from '../object-store/port.js';

export interface BucketSelection {
  /** Names; empty means all. */
  only: readonly string[];
  excluded: readonly string[];
}

/**
 * The buckets to back up, in byte order. Throws `not_found` for a name that the store does not have:
 * a typo must not make an empty backup.
 */
export function selectBuckets(all: readonly Bucket[], selection: BucketSelection): Bucket[] {
  const names = new Set(all.map((bucket) => bucket.name));
  for (const name of [...selection.only, ...selection.excluded]) {
    if (!names.has(name)) {
      const known = all.length === 0 ? 'none' : all.map((bucket) => bucket.name).join(', ');
      throw new MangamotionError('not_found', `no such bucket: ${name}`, {
        hint: `The store has these buckets: ${known}.`,
      });
    }
  }
  const both = selection.only.find((name) => selection.excluded.includes(name));
  if (both !== undefined) {
    throw new MangamotionError('usage', `bucket ${both} is both selected and excluded`);
  }
  const selected = all.filter(
    ({ name }) =>
      (selection.only.length === 0 || selection.only.includes(name)) &&
      !selection.excluded.includes(name),
  );
  return selected.sort((a, b) => compareKeys(a.name, b.name));
}
