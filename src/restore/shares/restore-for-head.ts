import { countOf } from '../../count-of.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { applyRestore } from '../apply-restore.js';
import { planRestore } from '../plan-restore.js';
import type { RestoreContext } from '../prepared.js';
import type { Share } from '../../workers/sharer.js';
import { textOfResult, whyFailed } from './share-result.js';
import { readOptions } from './worker-options.js';

/**
 * Does a share of a restore for its head, by the options that the head has written. Resolves to the answer
 * for the head, see `longestAnswerBytes`, which names objects and must be sealed where the backup is
 * encrypted. The caller has checked the signature of the backup, and that the store is that of the head.
 * Rejects with `refused` for options of another version, and as `planRestore` and `applyRestore` do.
 */
export async function restoreForHead(
  context: RestoreContext,
  located: LocatedBackup,
  share: Share,
  options: string,
): Promise<string> {
  const { restore, apply } = readOptions(options);
  const planned = await planRestore(context, located, { ...restore, share });
  try {
    const report = await applyRestore(context, planned, { ...apply, consented: false });
    // Documents are written by the head. A reason may name an object, which a log must not where it is encrypted.
    const failures = report.failures
      .filter(({ document }) => document === undefined)
      .map((failure) => ({ ...failure, reason: 'the head tells why' }));
    for (const [why, objects] of whyFailed([{ ...report, failures }])) {
      context.progress.warn(`${countOf(objects, 'object')} could not be restored: ${why}`);
    }
    return textOfResult(report, share);
  } finally {
    await planned.close();
  }
}
