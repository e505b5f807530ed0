import { MangamotionError } from '../../../errors.js';
import { countDoomed } from '../../../restore/consent.js';
import type { RestorePlan } from '../../../restore/report.js';
import type { CommandContext } from '../../context.js';
import { countOf } from '../../units.js';

/** Keys of each bucket and action that a question shows. */
const MOST_SHOWN = 5;

/**
 * Asks on a terminal before objects are overwritten or removed. Resolves to whether somebody has
 * agreed: false where there is nothing to ask, or no terminal to ask on. Rejects with `refused` for a
 * no.
 */
export async function askToDestroy(
  { confirm }: Pick<CommandContext, 'confirm'>,
  plan: RestorePlan,
  { yes, noInput }: { yes: boolean; noInput: boolean },
): Promise<boolean> {
  if (yes) return true;
  const doomed = countDoomed(plan.buckets);
  if (noInput || doomed.overwrite + doomed.delete === 0) return false;
  const answer = await confirm(questionOf(plan));
  if (answer === undefined) return false;
  if (answer) return true;
  throw new MangamotionError('refused', 'nothing was changed', {
    hint: 'Look at the whole plan with --dry-run --list; --yes restores without being asked.',
  });
}

/** What would be lost: counts, and the first keys. */
export function questionOf({ buckets, destroys }: RestorePlan): string {
  const doomed = countDoomed(buckets);
  const lines = destroys.flatMap(({ bucket, action, objects, omitted }) => {
    const count = objects.length + omitted;
    const shown = objects.slice(0, MOST_SHOWN).map(({ key }) => `  ${bucket}/${key}`);
    const more = count - shown.length;
    return [
      `${bucket}: ${countOf(count, 'object')} to ${action}`,
      ...shown,
      ...(more > 0 ? [`  … and ${more} more`] : []),
    ];
  });
  const what = [
    ...(doomed.overwrite > 0 ? [`overwrite ${countOf(doomed.overwrite, 'object')}`] : []),
    ...(doomed.delete > 0 ? [`remove ${countOf(doomed.delete, 'object')}`] : []),
  ];
  return [...lines, `${what.join(' and ')}?`].join('\n');
}
