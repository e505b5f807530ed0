import { countOf, formatCount } from '../count-of.js';
import { encryptedOf } from './archives.js';
import type { BackupEntry } from './destination.js';
import { type BackupType, SIDECAR_SUFFIX, partOf } from './names.js';
import { unfitPartsOf } from './parts.js';
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
 * Returns why the archives that a backup needs cannot be read now, as far as a listing shows;
 * `undefined` if they can.
 */
export function unreadableArchive(
  entry: BackupEntry,
  summary: Summary,
  backups: readonly BackupEntry[],
): string | undefined {
  const missing = missingArchive(entry, summary, backups);
  if (missing !== undefined) return missing;
  const ids = archivesNeededBy(summary);
  const cold = backups.find((backup) => backup.cold === true && ids.includes(backup.id));
  if (cold !== undefined) return `the archive of ${cold.id} is in cold storage`;
  return unfitPartsOf(entry)[0]?.message;
}

/** Returns which archive that a backup needs is missing or has the wrong length, as far as a listing shows. */
export function missingArchive(
  entry: BackupEntry,
  needing: Summary,
  backups: readonly BackupEntry[],
): string | undefined {
  for (const id of archivesNeededBy(needing)) {
    const found = backups.find((backup) => backup.id === id);
    if (found === undefined || found.archiveBytes === null)
      return `the archive of ${id} is missing`;
    const { summary } = found;
    if (summary.kind === 'valid' && summary.summary.archive_bytes !== found.archiveBytes) {
      return `the archive of ${id} does not have the length in its summary`;
    }
  }
  return unfitPartsOf(entry).find(({ kind }) => kind !== 'archive_cold')?.message;
}

/** The backup and those that it refers to; parts are no backups. */
function archivesNeededBy({ id, references }: Summary): string[] {
  return [id, ...references.filter((needed) => partOf(needed) === undefined)];
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
