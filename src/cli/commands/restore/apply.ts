import type { LocatedBackup } from '../../../repository/located-backup.js';
import type { PlannedRestore, RestoreOptions } from '../../../restore/plan-restore.js';
import type { ApplyOptions, RestoreContext } from '../../../restore/prepared.js';
import type { RestoreReport } from '../../../restore/report.js';
import type { Sharer } from '../../../workers/sharer.js';
import type { CommandContext } from '../../argv/command.js';
import { countOf } from '../../output/units.js';

interface How {
  located: LocatedBackup;
  restore: RestoreOptions;
  apply: ApplyOptions;
  /** Workers that restore the objects; `undefined`: this process restores all. */
  sharer: Sharer | undefined;
  shards: number | undefined;
}

/** Carries a plan out; after an interruption it reports how far it came. */
export async function applyRestoring(
  context: CommandContext,
  restoreContext: RestoreContext,
  planned: PlannedRestore,
  { located, restore, apply, sharer, shards }: How,
): Promise<RestoreReport> {
  try {
    if (sharer === undefined) {
      const { applyRestore } = await import('../../../restore/apply-restore.js');
      return await applyRestore(restoreContext, planned, apply);
    }
    const { restoreByShares } = await import('../../../restore/shares/restore-by-shares.js');
    return await restoreByShares(restoreContext, located, planned, {
      ...{ restore, apply, sharer, shares: shards },
    });
  } catch (error) {
    if (context.signal.aborted) {
      const { objects, bytes, deleted } = planned.done;
      const removed = deleted === 0 ? '' : `, and ${countOf(deleted, 'object')} removed`;
      const here = sharer === undefined ? '' : ' here, beside what workers have written';
      context.warn(
        `interrupted with ${countOf(objects, 'object')} (${countOf(bytes, 'byte')}) written${here}${removed}; run it again to go on: what is there is not written twice`,
      );
    }
    throw error;
  }
}
