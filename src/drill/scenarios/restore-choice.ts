import { verifyBackup } from '../../backup/verify/verify.js';
import { ANOTHER_SERVER_TEXT } from '../../config/hints.js';
import { countOf } from '../../count-of.js';
import { MangamotionError } from '../../errors.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { type PlannedRestore, planRestore } from '../../restore/plan-restore.js';
import type { RestoreContext } from '../../restore/prepared.js';
import type { RestoreSelection } from '../../restore/selection.js';
import { sampler } from '../choose.js';
import type { DrillContext, DrillOptions, DrillTarget } from '../context.js';
import type { DrillPlace } from '../journal.js';
import { DEFAULT_MAX_BYTES } from '../limits.js';
import type { Scenario } from '../objectives.js';
import type { Steps } from '../steps.js';
import type { RestoreScope } from './scope.js';

/** The checks of a drill before it restores: of the backup, and of how much it may restore. */

/** The part of a backup that a drill restores, and the buckets that it restores into. */
export interface Into {
  located: LocatedBackup;
  scope: RestoreScope;
  target: DrillTarget;
  place: DrillPlace;
  limit: number;
}

/** Nothing was tried, so nothing is proven either way. */
export class Untried extends MangamotionError {
  constructor(message: string) {
    super('refused', message);
  }
}

/**
 * Reads the summary, the lengths and the directory; for a whole store every byte, as the manual says.
 * Rejects with `Untried` if no key opens the contents.
 */
export async function verify(
  { signal, progress }: DrillContext,
  located: LocatedBackup,
  isFull: boolean,
): Promise<void> {
  progress.start('verifying');
  const {
    id,
    status,
    problems,
    problems_omitted: omitted,
    not_opened: notOpened,
  } = await verifyBackup({ signal, progress }, located, { quick: !isFull });
  const [first] = problems;
  if (status === 'ok') {
    if (notOpened === undefined) return;
    throw new Untried(`${notOpened}: name the file of a key with --identity`);
  }
  const more = problems.length + omitted - 1;
  const others = more > 0 ? `, and ${countOf(more, 'further problem')}` : '';
  throw new MangamotionError('damaged', `${id} is damaged: ${first?.message ?? status}${others}`);
}

/** Returns the most bytes to restore. The store that is in use must not be filled by accident. */
export function limitOf(
  scenario: Scenario,
  target: DrillTarget,
  { maxBytes }: DrillOptions,
): number {
  if (maxBytes !== undefined) return maxBytes;
  if (!target.isSource) return Infinity;
  if (scenario !== 'store') return DEFAULT_MAX_BYTES;
  throw new Untried(
    `a drill of the whole store on the server that is in use needs --max-bytes, or ${ANOTHER_SERVER_TEXT}`,
  );
}

/** Plans the restore. Where it would be more than the limit, a smaller sample is planned. */
export async function planWithin(
  restoring: RestoreContext,
  { sample, seed }: DrillOptions,
  { steps }: { steps: Steps },
  { located, scope, place, limit }: Pick<Into, 'located' | 'scope' | 'place' | 'limit'>,
): Promise<{ planned: PlannedRestore; selection: RestoreSelection; share: number }> {
  const isWhole = scope.key !== undefined;
  for (
    let share = isWhole ? 1 : Math.min(sample, limit / Math.max(1, scope.whole.bytes));
    ;
    share /= 2
  ) {
    const selection: RestoreSelection = {
      buckets: scope.buckets,
      prefixes: [],
      keys: scope.key === undefined ? [] : [scope.key],
      renames: new Map(scope.buckets.map((name, at) => [name, place.buckets[at] ?? ''])),
      only: sampler(share, seed),
    };
    const planned = await steps.time('plan', () =>
      planRestore(restoring, located, {
        ...{ scope: scope.key === undefined ? 'full' : 'data', selection, onConflict: 'fail' },
        ...{ deleteExtra: false, confirms: false, dryRun: false, harmless: true },
      }),
    );
    const bytes = planned.plan.buckets.reduce((sum, plan) => sum + plan.bytes, 0);
    if (bytes <= limit) return { planned, selection, share };
    await planned.close();
    if (isWhole || share < 1e-6) {
      throw new Untried(`nothing that was drawn fits into ${countOf(limit, 'byte')} (--max-bytes)`);
    }
  }
}
