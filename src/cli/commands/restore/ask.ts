import { countDestroyed } from '../../../restore/plan/consent.js';
import type { RestorePlan } from '../../../restore/report.js';
import { approve } from '../../argv/confirm-options.js';
import type { CommandContext } from '../../argv/command.js';
import { visible } from '../../output/terminal-text.js';
import { countOf } from '../../output/units.js';

/** Keys of each bucket and action that a question shows. */
const MOST_SHOWN = 5;

/**
 * Asks on a terminal before objects are overwritten or removed. Resolves to whether the operator has
 * agreed: false where nothing is destroyed, or there is no terminal. Rejects with `refused` for a no.
 */
export async function askToDestroy(
  context: Pick<CommandContext, 'confirm' | 'isInteractive' | 'saysYes'>,
  plan: RestorePlan,
): Promise<boolean> {
  const destroyed = countDestroyed(plan.buckets);
  if (destroyed.overwrite + destroyed.delete === 0) return context.saysYes;
  return (await approve(context, questionOf(plan))) === 'given';
}

/** Returns the question: what would be lost, in counts and by the first keys. */
function questionOf({ buckets, destroys }: RestorePlan): string {
  const destroyed = countDestroyed(buckets);
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
    ...(destroyed.overwrite > 0 ? [`overwrite ${countOf(destroyed.overwrite, 'object')}`] : []),
    ...(destroyed.delete > 0 ? [`remove ${countOf(destroyed.delete, 'object')}`] : []),
  ];
  return [...lines, `${what.join(' and ')}?`].join('\n');
}
