import type { ListedBackup } from './destination.js';
import type { BackupType } from './names.js';
import type { Summary } from './summary.js';

/** Rules over the backups of a destination, which come sorted by sequence. */

function summariesOf(backups: readonly ListedBackup[]): Summary[] {
  return backups.flatMap(({ summary }) => (summary.kind === 'valid' ? [summary.summary] : []));
}

/** The clock of a machine may go back; this number does not. */
export function nextSequence(backups: readonly ListedBackup[]): number {
  return Math.max(0, ...summariesOf(backups).map((summary) => summary.sequence)) + 1;
}

export function lastComplete(
  backups: readonly ListedBackup[],
  type: BackupType,
): Summary | undefined {
  return summariesOf(backups).findLast(
    (summary) => summary.type === type && summary.status === 'complete',
  );
}
