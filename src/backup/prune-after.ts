import { isMangamotionError } from '../errors.js';
import type { RetentionPolicy } from '../repository/policy.js';
import { type PruneReport, prune } from '../repository/prune.js';
import type { Summary } from '../repository/summary.js';
import type { BackupContext } from './plan.js';

export interface RetentionAfterwards {
  policy: RetentionPolicy;
  onPruned: (report: PruneReport) => void;
}

/**
 * Removes what has expired of the kind that was just made, by whoever still holds the destination.
 * Only a complete backup may take the place of others. The new backup stands whatever comes of it.
 */
export async function pruneAfter(
  { destination, clock, signal, progress }: BackupContext,
  { type, status }: Summary,
  { policy, onPruned }: RetentionAfterwards,
): Promise<void> {
  if (status !== 'complete') return;
  try {
    const question = { dryRun: false, signal, now: clock.now(), type };
    onPruned(await prune(destination, policy, question));
  } catch (error) {
    if (!isMangamotionError(error) || signal.aborted) throw error;
    progress.warn(`the backup is complete, but nothing more was pruned: ${error.message}`);
  }
}
