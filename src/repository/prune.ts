import { MangamotionError } from '../errors.js';
import { dependentsFirst } from './chain.js';
import type { Destination, ListedBackup } from './destination.js';
import { type RetentionPolicy, refuseFoolishPolicy } from './policy.js';
import { type Decision, type RetentionQuestion, planRetention, suspendedBy } from './retention.js';

export interface PruneOptions extends RetentionQuestion {
  /** Report what would be done, and change nothing. */
  dryRun: boolean;
  /** Once it is aborted no more is removed. */
  signal?: AbortSignal | undefined;
}

/** What was done, or would be; each backup that was in question is in one of the lists. */
export interface PruneReport {
  dry_run: boolean;
  kept: { id: string; reasons: string[] }[];
  /** Expired, and kept because these refer to them. */
  referenced: { id: string; by: string[] }[];
  /** Expired, and kept because these later ones cannot be read and might refer to them. */
  withheld: { id: string; because: string[] }[];
  removed: { id: string; bytes: number }[];
  freed_bytes: number;
}

/**
 * Removes what the policy does not keep. The caller holds the destination: a backup that is being
 * written meanwhile may come to refer to what goes.
 *
 * A crash at any moment leaves every backup that stays as whole as it was: nothing goes that one of
 * them refers to, and of those that go a dependent goes before what it refers to.
 *
 * Rejects with `usage` for a policy that keeps nothing, and with `refused` while a suspect backup
 * suspends retention.
 */
export async function prune(
  destination: Destination,
  policy: RetentionPolicy,
  options: PruneOptions,
): Promise<PruneReport> {
  refuseFoolishPolicy(policy);
  const backups = await destination.list();
  refuseSuspended(suspendedBy(backups, options.type));
  const decisions = planRetention(backups, policy, options);
  const report = reportOf(decisions, backups, options.dryRun);
  if (!options.dryRun) await carryOut(destination, decisions, backups, options.signal);
  return report;
}

async function carryOut(
  destination: Destination,
  decisions: readonly Decision[],
  backups: readonly ListedBackup[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const marked = new Set(backups.filter(({ expired }) => expired).map(({ id }) => id));
  for (const { id, kind } of decisions) {
    if (kind === 'keep' && marked.has(id)) await destination.markExpired(id, false);
    if (kind === 'referenced' && !marked.has(id)) await destination.markExpired(id, true);
  }
  const going = decisions.flatMap((decision) =>
    decision.kind === 'remove' ? [decision.summary] : [],
  );
  for (const { id } of dependentsFirst(going)) {
    signal?.throwIfAborted();
    await destination.remove(id);
  }
}

function reportOf(
  decisions: readonly Decision[],
  backups: readonly ListedBackup[],
  dryRun: boolean,
): PruneReport {
  const bytes = new Map(backups.map(({ id, archiveBytes }) => [id, archiveBytes ?? 0]));
  const report: PruneReport = {
    dry_run: dryRun,
    kept: [],
    referenced: [],
    withheld: [],
    removed: [],
    freed_bytes: 0,
  };
  for (const decision of decisions) {
    const { id } = decision;
    switch (decision.kind) {
      case 'keep':
        report.kept.push({ id, reasons: decision.reasons });
        break;
      case 'referenced':
        report.referenced.push({ id, by: decision.by });
        break;
      case 'withheld':
        report.withheld.push({ id, because: decision.because });
        break;
      case 'remove':
        report.removed.push({ id, bytes: bytes.get(id) ?? 0 });
        report.freed_bytes += bytes.get(id) ?? 0;
        break;
    }
  }
  return report;
}

function refuseSuspended(suspect: string | undefined): void {
  if (suspect === undefined) return;
  throw new MangamotionError(
    'refused',
    `nothing is pruned: ${suspect} is suspect, for many objects had vanished when it was made`,
    {
      hint:
        'If they were deleted on purpose, run "mangamotion backup incremental" with ' +
        '--accept-deletions; else restore them from an earlier backup.',
    },
  );
}
