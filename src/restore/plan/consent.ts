import { MangamotionError } from '../../errors.js';
import type { BucketPlan } from './decide.js';

/** What is done only when somebody has said so. Pure. */

/** A larger share of a bucket is not removed unasked. */
const MOST_UNASKED = 0.25;

/** Throws `refused` where more of a target bucket would be removed than goes without consent. */
export function refuseLargeDeletions(buckets: readonly BucketPlan[]): void {
  const large = buckets.filter((plan) => plan.delete > plan.listed * MOST_UNASKED);
  if (large.length === 0) return;
  const named = large.map(
    ({ target, delete: count, listed }) => `${count} of ${listed} objects of ${target}`,
  );
  throw new MangamotionError(
    'refused',
    `--delete-extra would remove ${named.join(', and ')}, more than a quarter: nothing was changed`,
    { hint: 'Look at the plan with --dry-run; if it is meant, give --yes.' },
  );
}

/** How many objects of the target a plan would destroy. */
export function countDoomed(buckets: readonly BucketPlan[]): { overwrite: number; delete: number } {
  const sum = (action: 'overwrite' | 'delete') =>
    buckets.reduce((total, plan) => total + plan[action], 0);
  return { overwrite: sum('overwrite'), delete: sum('delete') };
}

export function refuseConflicts(buckets: readonly BucketPlan[]): void {
  const conflicts = buckets.reduce((sum, plan) => sum + plan.conflict, 0);
  if (conflicts === 0) return;
  throw new MangamotionError(
    'refused',
    `${conflicts} objects in the target differ from the backup, and --on-conflict is fail: nothing was changed`,
    {
      hint: 'Look at the plan with --dry-run; choose --on-conflict overwrite or skip, or another bucket with --as.',
    },
  );
}
