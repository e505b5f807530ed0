import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { ARCHIVE_SUFFIXES, SUMMARY_SUFFIX, partIdOf, partOf } from '../names.js';
import type { BackupEntry } from '../destination.js';
import { REMOVED_TEXT } from '../removal-mark.js';
import { planName } from '../runs/run-plan.js';

/** Decides which parts no backup needs any more. Pure. */

/** Why parts stay although no backup that can be read refers to them. */
export type WhyPartsStay =
  /** A summary cannot be read, and may refer to them. */
  | 'withheld'
  /** Their run has not ended, or is being copied here. */
  | 'unfinished'
  /** The archive of their backup is there without a summary. */
  | 'no_summary'
  /** The server does not show that it lists all backups. */
  | 'unproven'
  /** They are locked. */
  | 'retained';

/** The parts of one backup that no readable summary refers to. */
export interface Orphans {
  /** The id of the backup that they were made for. */
  backup: string;
  parts: { id: string; bytes: number }[];
  /** Absent: they can be removed. */
  why?: WhyPartsStay;
  /** The ids of the unreadable backups, if they are why. */
  because?: string[];
  /** When the last of their locks ends (RFC 3339), if these are why. */
  until?: string;
}

/**
 * Returns the parts to which no backup refers that stays, by the backup that they were made for.
 * `names`: all files of the destination, with their lengths as far as they are known. `removed`: the
 * backups that are about to be removed.
 */
export function findOrphans(
  names: ReadonlyMap<string, number | undefined>,
  backups: readonly BackupEntry[],
  removed: ReadonlySet<string>,
): Orphans[] {
  const needed = referredTo(backups.filter(({ id }) => !removed.has(id)));
  const unreadable = backups.filter(({ summary }) => summary.kind !== 'valid').map(({ id }) => id);
  const byBackup = new Map<string, Map<string, number>>();
  for (const [name, bytes = 0] of names) {
    const id = partIdOf(name);
    const backup = id === undefined ? undefined : partOf(id)?.backup;
    if (id === undefined || backup === undefined || needed.has(id)) continue;
    const parts = byBackup.get(backup) ?? new Map<string, number>();
    parts.set(id, (parts.get(id) ?? 0) + bytes);
    byBackup.set(backup, parts);
  }
  return [...byBackup].map(([backup, parts]): Orphans => {
    const orphans = { backup, parts: [...parts].map(([id, bytes]) => ({ id, bytes })) };
    if (unreadable.length > 0) return { ...orphans, why: 'withheld', because: unreadable };
    const why = whyTheyStay(backup, names);
    return why === undefined ? orphans : { ...orphans, why };
  });
}

/** Returns the parts that any of the backups names. */
function referredTo(backups: readonly BackupEntry[]): Set<string> {
  const ids = new Set<string>();
  for (const { summary } of backups) {
    if (summary.kind !== 'valid') continue;
    for (const id of summary.summary.references) ids.add(id);
    for (const { id } of summary.summary.parts ?? []) ids.add(id);
  }
  return ids;
}

/** Of a backup that exists, what it does not refer to are duplicates of its run. */
function whyTheyStay(
  backup: string,
  names: ReadonlyMap<string, number | undefined>,
): WhyPartsStay | undefined {
  if (names.has(backup + SUMMARY_SUFFIX)) return undefined;
  if (names.has(planName(backup))) return 'unfinished';
  const temporary = backup + SUMMARY_SUFFIX + PARTIAL_SUFFIX;
  if (names.has(temporary)) {
    const isRemoval = names.get(temporary) === Buffer.byteLength(REMOVED_TEXT);
    return isRemoval ? undefined : 'unfinished';
  }
  const hasArchive = ['', ...ARCHIVE_SUFFIXES].some((suffix) => names.has(backup + suffix));
  return hasArchive ? 'no_summary' : undefined;
}
