import { countDoomed } from '../../../restore/plan/consent.js';
import type { RestorePlan } from '../../../restore/report.js';
import { approve } from '../../argv/confirm-options.js';
import type { CommandContext } from '../../argv/command.js';
import { visible } from '../../output/terminal-text.js';
import { countOf } from '../../output/units.js';

/** Keys of each bucket and action that a question shows. */
const MOST_SHOWN = 5;

/**
 * Asks on a terminal before objects are overwritten or removed. Resolves to whether somebody has
 * agreed: false where there is nothing to ask, or no terminal to ask on. Rejects with `refused` for a
 * no.
 */
export async function askToDestroy(
  context: Pick<CommandContext, 'confirm' | 'isInteractive'>,
  plan: RestorePlan,
  options: { yes: boolean; noInput: boolean },
): Promise<boolean> {
  const doomed = countDoomed(plan.buckets);
  if (doomed.overwrite + doomed.delete === 0) return options.yes;
  return (await approve(context, options, questionOf(plan))) === 'given';
}

/** What would be lost: counts, and the first keys. */
function questionOf({ buckets, destroys }: RestorePlan): string {
  const doomed = countDoomed(buckets);
  const lines = destroys.flatMap(({ bucket, action, objects, omitted }) => {
    const count = objects.length + omitted;
    const shown = objects.slice(0, MOST_SHOWN).map(({ key }) => `  ${visible(`${bucket}/${key}`)}`);
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
