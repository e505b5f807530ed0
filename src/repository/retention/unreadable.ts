import type { BackupEntry } from '../destination.js';
import type { KnownBackup } from './known-backup.js';
import { backupTimeOf } from '../names.js';

/**
 * Which of these backups are older than one whose summary cannot be read, and than which: its
 * references are unknown, and can be to any of them.
 *
 * Its place in the sequence is unknown too; all that is left of it is the time in its name. A backup
 * counts as older by that time, and also where it comes, in the sequence, no later than any that is
 * older by that time: clocks go back.
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

/** The highest sequence of the backups that are named for no later time. */
function highestUpTo(time: Date, backups: readonly BackupEntry[]): number {
  return backups.reduce(
    (highest, { id, summary }) =>
      summary.kind === 'valid' && isNotAfter(id, time)
        ? Math.max(highest, summary.summary.sequence)
        : highest,
    -Infinity,
  );
}

/** True also where a name holds no time, such as the 99th of a month: what is unknown stays. */
function isNotAfter(id: string, time: Date): boolean {
  return !(backupTimeOf(id) > time);
}
