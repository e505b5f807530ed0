import { compareKeys } from '../key-order.js';
import type { Suspicion } from '../repository/summary.js';
import type { Deletions } from './changes.js';

/** A bucket of so many objects that lost more than this share of them was hardly meant to. */
const LEAST_OBJECTS = 100;
const MOST_SHARE = 0.25;

/**
 * The buckets whose deletions since the parent look like an accident: over a quarter of at least a
 * hundred objects, or all of a bucket that had any.
 */
export function findSuspicious(deletions: ReadonlyMap<string, Deletions>): Suspicion[] {
  return [...deletions]
    .filter(([, { before, deleted }]) => {
      if (before === 0) return false;
      const large = before >= LEAST_OBJECTS && deleted > before * MOST_SHARE;
      return large || deleted === before;
    })
    .map(([bucket, counts]) => ({ bucket, ...counts }))
    .sort((a, b) => compareKeys(a.bucket, b.bucket));
}
