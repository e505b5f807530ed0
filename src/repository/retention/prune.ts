import { dependentsFirst } from '../chain.js';
import type { BackupEntry, BackupVersions, Destination } from '../destination.js';
import { backupTypeOf, partOf, planIdOf } from '../names.js';
import { lineOfBackup, linesOf } from '../lines/lines.js';
import { type RetentionPolicy, refuseFoolishPolicy } from './policy.js';
import {
  type Decision,
  type RetentionOptions,
  type Suspended,
  planRetention,
  suspendedLines,
} from './retention.js';
import type { Orphans } from './orphans.js';
import { type PartsReport, planParts, removeParts, removePlans, reportOfParts } from './parts.js';
import { listWithFiles } from '../listed.js';
import { LockedBackups } from './retained.js';
import { whyItStays } from '../removable-leftovers.js';
import type { Summary } from '../summary.js';

export interface PruneOptions extends RetentionOptions {
  dryRun: boolean;
  /** Also remove the versions of the files that this run or an earlier one removes. */
  purge?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /**
   * The id of a backup that was just made. Only its line is pruned, and only if it is trusted, or
   * if it is suspect and therefore replaces older suspects.
   */
  after?: string | undefined;
}

interface PurgedVersions {
  /** The number of versions of all these backups, including delete markers. */
  versions: number;
  bytes: number;
  /** The backups among them that an earlier run had removed. */
  removed_before: { id: string; versions: number; bytes: number }[];
  /** The parts, and plans of runs, among them that an earlier run had removed. Present if there are any. */
  parts_before?: { parts: number; versions: number; bytes: number };
  /** The backups and parts of which no version was removed, because one is locked. */
  retained: { id: string; until: string }[];
}

interface Cleared {
  /** The number of objects of claims that were ended. */
  claims: number;
  /** The number of temporary summaries beside backups. */
  temporary_summaries: number;
  /** The paths of what dead runs left. */
  leftovers: string[];
}

/** The result of a prune or a dry run. Each backup in question is in one of the lists. */
export interface PruneReport {
  dry_run: boolean;
  kept: { id: string; reasons: string[] }[];
  /** Expired, but kept because `by` refer to it. */
  referenced: { id: string; by: string[] }[];
  /** Expired, but kept because the later, unreadable `because` may refer to it. */
  withheld: { id: string; because: string[] }[];
  /** Expired, but kept whole because its files are locked at least until `until`. */
  retained: { id: string; until: string }[];
  removed: { id: string; bytes: number }[];
  /** The parts to which no backup refers. Present if there are any. */
  parts?: PartsReport;
  /** The bytes of the archives that were removed, and of the parts. */
  freed_bytes: number;
  /** The versions that were removed, or would be. Present if `purge` is set. */
  purged?: PurgedVersions;
  /** What append-only runs left, and was removed, or would be. Present if a destination may have it. */
  cleared?: Cleared;
  /** Lines whose trusted backups are all kept because of a suspect one. */
  suspended: Suspended[];
}

/**
 * Removes the backups that the policy does not keep. The caller holds the lock: otherwise a backup
 * that is being written could refer to a removed one.
 *
 * A crash at any time leaves every remaining backup restorable: nothing that they refer to is
 * removed, and dependents are removed before what they refer to. Parts go last; the next prune finds
 * what is left of them.
 *
 * Rejects with `usage` for a policy that keeps nothing.
 */
export async function prune(
  destination: Destination,
  policy: RetentionPolicy,
  options: PruneOptions,
): Promise<PruneReport> {
  refuseFoolishPolicy(policy);
  const listed = await listWithFiles(destination);
  const { backups } = listed;
  const scope = { ...options, lineOf: options.after ?? options.lineOf };
  const mayPrune = options.after === undefined || mayPruneAfter(backups, options.after);
  const locked = new LockedBackups(destination, options.now);
  const decisions = mayPrune ? await planUnlocked(backups, policy, scope, locked) : [];
  const suspended = mayPrune ? suspendedLines(backups, scope) : [];
  const { purge = false, dryRun, signal } = options;
  const going = new Set(removedBy(decisions).map(({ id }) => id));
  const orphans = await planParts(destination, listed, going, locked, signal);
  const report = withParts({ ...reportOf(decisions, backups, dryRun), suspended }, orphans);
  if (!dryRun) {
    if (await locked.areKnown) await destination.locks?.clearProofs();
    await removePlans(destination, listed, going);
    await carryOut(destination, decisions, backups, signal);
    await removeParts(destination, orphans, signal);
  }
  if (!purge) return report;
  const parts = orphans.filter(({ why }) => why === undefined).flatMap((one) => one.parts);
  const removed = new Set([...going, ...parts.map(({ id }) => id)]);
  const purged = await purgeAll(destination, { backups, removed, options });
  return { ...report, purged };
}

function withParts(report: PruneReport, orphans: readonly Orphans[]): PruneReport {
  const parts = reportOfParts(orphans);
  if (parts === undefined) return report;
  const freed = parts.removed.reduce((sum, { bytes }) => sum + bytes, 0);
  return { ...report, parts, freed_bytes: report.freed_bytes + freed };
}

/**
 * Removes what append-only runs left. The caller holds the lock, unless it is a dry run. Resolves to nothing
 * at a destination where other runs remove that.
 */
export async function clearRemains(
  destination: Destination,
  { dryRun, purge, warn }: { dryRun: boolean; purge: boolean; warn: (line: string) => void },
): Promise<Pick<PruneReport, 'cleared'>> {
  const remains = await destination.remains?.();
  if (remains === undefined) return {};
  for (const leftover of remains.needed) warn(whyItStays(leftover));
  if (!dryRun) await remains.remove({ purge });
  const { claims, temporarySummaries, leftovers } = remains;
  return { cleared: { claims, temporary_summaries: temporarySummaries, leftovers } };
}

/**
 * Plans with the locks of what would be removed. A backup that is locked stays whole, and so does what
 * it refers to: a plain deletion would hide it without freeing a byte.
 */
async function planUnlocked(
  backups: readonly BackupEntry[],
  policy: RetentionPolicy,
  options: PruneOptions,
  locked: LockedBackups,
): Promise<Decision[]> {
  for (;;) {
    const scope = { ...options, lockedUntil: locked.until };
    const decisions = planRetention(backups, policy, scope);
    if (!(await locked.ask(removedBy(decisions), options.signal))) return decisions;
  }
}

function removedBy(decisions: readonly Decision[]): Summary[] {
  return decisions.flatMap((decision) => (decision.kind === 'remove' ? [decision.summary] : []));
}

/** Purges what was removed now and before, within the scope of the prune. */
async function purgeAll(
  destination: Destination,
  prune: {
    backups: readonly BackupEntry[];
    /** The backups and parts that were removed now. */
    removed: ReadonlySet<string>;
    options: PruneOptions;
  },
): Promise<PurgedVersions> {
  const { backups, removed, options } = prune;
  const stays = new Set(backups.map(({ id }) => id).filter((id) => !removed.has(id)));
  const found = (await destination.removedVersions?.(removed)) ?? [];
  const purged: PurgedVersions = { versions: 0, bytes: 0, removed_before: [], retained: [] };
  for (const backup of found) {
    const { id, versions, bytes } = backup;
    const isInScope = removed.has(id) || (!stays.has(id) && mayPurgeBefore(backup, options));
    if (!isInScope) continue;
    options.signal?.throwIfAborted();
    const until = await backup.lockedUntil(options.now);
    if (until !== undefined) {
      purged.retained.push({ id, until });
      continue;
    }
    if (!options.dryRun) await backup.purge();
    purged.versions += versions;
    purged.bytes += bytes;
    if (removed.has(id)) continue;
    if (backupTypeOf(id) !== undefined) purged.removed_before.push({ id, versions, bytes });
    else {
      const before = purged.parts_before ?? { parts: 0, versions: 0, bytes: 0 };
      before.parts += 1;
      before.versions += versions;
      before.bytes += bytes;
      purged.parts_before = before;
    }
  }
  return purged;
}

/** The line of a backup that is gone is not known. */
function mayPurgeBefore({ id }: BackupVersions, { type, lineOf }: PruneOptions): boolean {
  const backup = partOf(id)?.backup ?? planIdOf(id) ?? id;
  return lineOf === undefined && (type === undefined || backupTypeOf(backup) === type);
}

/**
 * Whether a new backup starts a prune. If it suspends its line, only older suspects are removed, so
 * that the disk does not fill up.
 */
function mayPruneAfter(backups: readonly BackupEntry[], id: string): boolean {
  const line = lineOfBackup(linesOf(backups), id);
  return line?.trusted.has(id) === true || line?.suspendedBy === id;
}

async function carryOut(
  destination: Destination,
  decisions: readonly Decision[],
  backups: readonly BackupEntry[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const marked = new Set(backups.filter(({ expired }) => expired).map(({ id }) => id));
  for (const { id, kind } of decisions) {
    if (kind === 'keep' && marked.has(id)) await destination.mark(id, 'expired', false);
    if (kind === 'referenced' && !marked.has(id)) await destination.mark(id, 'expired', true);
  }
  const removed = removedBy(decisions);
  await correctRetired(destination, backups, new Set(decisions.map(({ id }) => id)), removed);
  for (const { id } of dependentsFirst(removed)) {
    signal?.throwIfAborted();
    await destination.remove(id);
  }
}

/**
 * Corrects the marks of retired lines. The mark of the newest backup shows that its line has ended.
 * If that backup is removed, the remaining ones must carry the mark, even after a crash. If another
 * backup has joined the line, the mark must not become valid again.
 */
async function correctRetired(
  destination: Destination,
  backups: readonly BackupEntry[],
  decided: ReadonlySet<string>,
  removed: readonly Summary[],
): Promise<void> {
  const removedIds = new Set(removed.map(({ id }) => id));
  for (const line of linesOf(backups)) {
    const losesBackup = line.backups.some(({ id }) => removedIds.has(id));
    for (const { id, entry } of line.backups) {
      const isMarked = entry.retired === true;
      if (line.retired && losesBackup && !isMarked) await destination.mark(id, 'retired', true);
      if (!line.retired && isMarked && decided.has(id))
        await destination.mark(id, 'retired', false);
    }
  }
}

function reportOf(
  decisions: readonly Decision[],
  backups: readonly BackupEntry[],
  dryRun: boolean,
): Omit<PruneReport, 'suspended'> {
  const bytes = new Map(backups.map(({ id, archiveBytes }) => [id, archiveBytes ?? 0]));
  const report: Omit<PruneReport, 'suspended'> = {
    dry_run: dryRun,
    kept: [],
    referenced: [],
    withheld: [],
    retained: [],
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
      case 'retained':
        report.retained.push({ id, until: decision.until });
        break;
      case 'remove':
        report.removed.push({ id, bytes: bytes.get(id) ?? 0 });
        report.freed_bytes += bytes.get(id) ?? 0;
        break;
    }
  }
  return report;
}
