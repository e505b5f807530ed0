import { countOf, formatCount } from '../../count-of.js';
import { MangamotionError } from '../../errors.js';
import type { BucketPlan } from './decide.js';

/** Determines what a restore destroys, and what needs consent. Pure. */

/** Objects of a bucket that a restore would overwrite or remove. */
export interface DestroyedObjects {
  bucket: string;
  action: 'overwrite' | 'delete';
  /** The first thousand objects, with their sizes in the target. */
  objects: { key: string; size: number }[];
  omitted: number;
}

const MAX_NAMED = 1000;

/** Lists the first objects that a plan would destroy, and counts the rest. */
export class DestroyedList {
  readonly all: DestroyedObjects[] = [];

  add(
    bucket: string,
    action: DestroyedObjects['action'],
    object: { key: string; size: number },
  ): void {
    let found = this.all.find((one) => one.bucket === bucket && one.action === action);
    if (found === undefined) {
      found = { bucket, action, objects: [], omitted: 0 };
      this.all.push(found);
    }
    if (found.objects.length < MAX_NAMED) found.objects.push(object);
    else found.omitted += 1;
  }

  forget(bucket: string): void {
    const others = this.all.filter((one) => one.bucket !== bucket);
    this.all.splice(0, this.all.length, ...others);
  }
}

/** Removing a larger share of a bucket needs consent. */
const MAX_WITHOUT_CONSENT = 0.25;

/** Throws `refused` if a plan removes so large a share of a bucket that it needs consent. */
export function refuseLargeDeletions(buckets: readonly BucketPlan[]): void {
  const large = buckets.filter((plan) => plan.delete > plan.listed * MAX_WITHOUT_CONSENT);
  if (large.length === 0) return;
  const named = large.map(
    ({ target, delete: count, listed }) =>
      `${formatCount(count)} of ${countOf(listed, 'object')} of ${target}`,
  );
  throw new MangamotionError(
    'refused',
    `--delete-extra would remove ${named.join(', and ')}, more than a quarter: nothing was changed`,
    { hint: 'Check the plan with --dry-run. If it is intended, add --yes.' },
  );
}

export function countDestroyed(buckets: readonly BucketPlan[]): {
  overwrite: number;
  delete: number;
} {
  const sum = (action: 'overwrite' | 'delete') =>
    buckets.reduce((total, plan) => total + plan[action], 0);
  return { overwrite: sum('overwrite'), delete: sum('delete') };
}

/** Throws `refused` if a plan has conflicts, which only the rule `fail` gives. */
export function refuseConflicts(buckets: readonly BucketPlan[]): void {
  const conflicts = buckets.reduce((sum, plan) => sum + plan.conflict, 0);
  if (conflicts === 0) return;
  throw new MangamotionError(
    'refused',
    `${countOf(conflicts, 'object')} in the target ${conflicts === 1 ? 'differs' : 'differ'} from the backup, and --on-conflict is fail: nothing was changed`,
    {
      hint: 'Check the plan with --dry-run. Choose --on-conflict overwrite or skip, or another bucket with --as.',
    },
  );
}
