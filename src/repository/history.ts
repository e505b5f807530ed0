import { countOf, formatCount } from '../count-of.js';
import { encryptedOf } from './archives.js';
import type { BackupEntry } from './destination.js';
import { type BackupType, SIDECAR_SUFFIX } from './names.js';
import type { Summary } from './summary.js';

/** Rules for the backups of a destination, sorted by sequence. Pure. */

/** Sorts backups by sequence, oldest first; those without a readable sequence come last. */
export function bySequence(a: BackupEntry, b: BackupEntry): number {
  return (
    sequenceOf(a) - sequenceOf(b) ||
    compareText(timeIn(a.id), timeIn(b.id)) ||
    compareText(a.id, b.id)
  );
}

/** Returns the end of an id, which sorts by time. */
function timeIn(id: string): string {
  return id.slice(-'20240115_020000'.length);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sequenceOf({ summary }: BackupEntry): number {
  return summary.kind === 'valid' ? summary.summary.sequence : Number.MAX_VALUE;
}

function summariesOf(backups: readonly BackupEntry[]): Summary[] {
  return backups.flatMap(({ summary }) => (summary.kind === 'valid' ? [summary.summary] : []));
}

/**
 * Returns the sequence number of the next backup. Unlike a clock, it never goes back. A forged
 * summary may claim the highest possible number; later backups then share it, and their ids decide.
 */
export function nextSequence(backups: readonly BackupEntry[]): number {
  const last = summariesOf(backups).reduce((most, { sequence }) => Math.max(most, sequence), 0);
  return Math.min(last, Number.MAX_SAFE_INTEGER - 1) + 1;
}

export function lastComplete(
  backups: readonly BackupEntry[],
  type: BackupType,
): Summary | undefined {
  return summariesOf(backups).findLast(
    (summary) => summary.type === type && summary.status === 'complete',
  );
}

/**
 * Returns why the archives cannot be read now, as far as a listing shows; `undefined` if they can.
 */
export function unreadableArchive(
  ids: readonly string[],
  backups: readonly BackupEntry[],
): string | undefined {
  const missing = missingArchive(ids, backups);
  if (missing !== undefined) return missing;
  const cold = backups.find((backup) => backup.cold === true && ids.includes(backup.id));
  return cold && `the archive of ${cold.id} is in cold storage`;
}

/** Returns which archive is missing or has the wrong length, as far as a listing shows. */
export function missingArchive(
  ids: readonly string[],
  backups: readonly BackupEntry[],
): string | undefined {
  for (const id of ids) {
    const found = backups.find((backup) => backup.id === id);
    if (found === undefined || found.archiveBytes === null)
      return `the archive of ${id} is missing`;
    const { summary } = found;
    if (summary.kind === 'valid' && summary.summary.archive_bytes !== found.archiveBytes) {
      return `the archive of ${id} does not have the length in its summary`;
    }
  }
  return undefined;
}

/**
 * Returns why the sidecar of an encrypted backup cannot be whole, as far as a listing shows; `undefined`
 * if it can, if the backup has none, or if it was not looked for.
 */
export function whySidecarUnfit({ id, summary, sidecarBytes }: BackupEntry): string | undefined {
  if (summary.kind !== 'valid' || sidecarBytes === undefined) return undefined;
  const expected = encryptedOf(summary.summary, id)?.record.index.bytes;
  if (expected === undefined || sidecarBytes === expected) return undefined;
  const file = id + SIDECAR_SUFFIX;
  if (sidecarBytes === null) return `the sidecar ${file} is missing`;
  const found = countOf(sidecarBytes, 'byte');
  return `the sidecar ${file} has ${found}, but its summary says ${formatCount(expected)}`;
}
