import type { BackupEntry } from '../destination.js';
import type { KnownBackup } from './known-backup.js';
import { backupTimeOf } from '../names.js';

/**
 * Returns for each backup the later backups whose summaries cannot be read. They may refer to it.
 *
 * The sequence of an unreadable backup is unknown; only the time in its name is left. A backup
 * counts as older if the time in its name is not later, or if its sequence is not higher than that
 * of any backup whose name is not later: clocks may go back.
 */
export function olderThanUnreadable(
  known: readonly KnownBackup[],
  backups: readonly BackupEntry[],
): Map<string, string[]> {
  const unreadable = backups
    .filter(({ summary }) => summary.kind !== 'valid')
    .map(({ id }) => ({ id, highest: highestUpTo(backupTimeOf(id), backups) }));
  return new Map(
    known.flatMap((older): [string, string[]][] => {
      const because = unreadable.filter(
        ({ id, highest }) =>
          isNotAfter(older.id, backupTimeOf(id)) || older.summary.sequence <= highest,
      );
      return because.length === 0 ? [] : [[older.id, because.map(({ id }) => id)]];
    }),
  );
}

/** Returns the highest sequence of the backups whose names are not later than `time`. */
function highestUpTo(time: Date, backups: readonly BackupEntry[]): number {
  return backups.reduce(
    (highest, { id, summary }) =>
      summary.kind === 'valid' && isNotAfter(id, time)
        ? Math.max(highest, summary.summary.sequence)
        : highest,
    -Infinity,
  );
}

/** Also true if a name has no valid time, so that unknown backups are kept. */
function isNotAfter(id: string, time: Date): boolean {
  return !(backupTimeOf(id) > time);
}
