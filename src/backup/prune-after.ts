import { isMangamotionError } from '../errors.js';
import { prune } from '../repository/retention/prune.js';
import type { Summary } from '../repository/summary.js';
import type { BackupContext, RetentionAfterwards } from './plan/backup-plan.js';

/**
 * Removes what has expired of the kind that was just made, in its line, by whoever still holds the
 * destination. Only a trusted backup may take the place of others, and a suspect one that of
 * suspects. The new backup stands whatever comes of it.
 */
export async function pruneAfter(
  { destination, clock, signal, progress }: BackupContext,
  { id, type }: Summary,
  { policy, onPruned }: RetentionAfterwards,
): Promise<void> {
  try {
    const question = { dryRun: false, signal, now: clock.now(), type, after: id };
    onPruned(await prune(destination, policy, question));
  } catch (error) {
    if (!isMangamotionError(error) || signal.aborted) throw error;
    progress.warn(`${id} is there, but nothing more was pruned: ${error.message}`);
  }
}
