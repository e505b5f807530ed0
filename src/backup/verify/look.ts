import type { Archive } from '../../archive/archive.js';
import type { Directory } from '../../archive/directory.js';
import { IndexArchive } from '../../archive/index-archive.js';
import { countOf, formatCount } from '../../count-of.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import { Archives, encryptedOf } from '../../repository/archives.js';
import type { BackupEntry, Destination, KnownArchive } from '../../repository/destination.js';
import { refuseNewerSummary } from '../../repository/locate.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { readSigned } from '../../repository/signed-backup.js';
import type { Summary } from '../../repository/summary.js';
import { compareSummary } from './agreement.js';
import { NeededArchives } from './needed-archives.js';
import { type CheckedParts, checkPartLengths } from './parts.js';
import { type VerifyResult, addProblem } from './result.js';

/** What every check of a backup begins with, and what of it can then be read. */

interface Looked {
  destination: Destination;
  backup: BackupEntry;
  summary: Summary;
  close(): Promise<void>;
}

/** The archive of the backup is open, and its directory is read. */
export interface OpenBackup extends Looked {
  kind: 'open';
  archive: Archive;
  archives: NeededArchives;
  directory: Directory;
  parts: CheckedParts;
}

/** No key opens the archive of an encrypted backup, or its record is wrong. */
export interface ClosedBackup extends Looked {
  kind: 'closed';
  error: MangamotionError;
}

/**
 * Checks the signature, the summary, the lengths of the archive and of its parts, the end of the archive and its
 * directory. Resolves to `undefined` if nothing further can be read, which was reported. Rejects with `refused`
 * if the format is newer.
 */
export async function lookAt(
  located: LocatedBackup,
  result: VerifyResult,
): Promise<OpenBackup | ClosedBackup | undefined> {
  const { destination } = located;
  const backup = await checkSignature(located, result);
  refuseNewerSummary(backup);
  if (backup.summary.kind !== 'valid') {
    if (backup.summary.kind === 'damaged') addProblem(result, 'summary', backup.summary.reason);
    return undefined;
  }
  const { summary } = backup.summary;
  if (summary.id !== backup.id) {
    addProblem(result, 'summary', `the summary is that of ${summary.id}`);
    return undefined;
  }
  const archiveBytes = await archiveBytesOf(destination, backup);
  if (archiveBytes === null) {
    addProblem(result, 'archive_missing', `${summary.archive.file} is missing`);
    return undefined;
  }
  checkLength(archiveBytes, summary, result);
  const known = { sizeBytes: archiveBytes, encrypted: encryptedOf(summary, backup.id) };
  const archive = await openOrNot(destination, backup.id, known);
  if (isMangamotionError(archive)) {
    const close = () => Promise.resolve();
    return { kind: 'closed', error: archive, destination, backup, summary, close };
  }
  const archives = new Archives(destination, { id: backup.id, archive }, summary);
  const close = () => archives.close();
  try {
    const directory = await checkDirectory(archive, summary, result);
    if (directory !== undefined) {
      const parts = await checkPartLengths({ destination, result }, backup, summary);
      const needed = new NeededArchives(archives, result, parts.missing);
      const open = { archive, archives: needed, directory };
      return { kind: 'open', ...open, destination, backup, summary, parts, close };
    }
  } catch (error) {
    await close();
    throw error;
  }
  await close();
  return undefined;
}

/** Resolves to the backup with the summary that was signed; to the one that was found if none was. */
async function checkSignature(
  { destination, backup }: LocatedBackup,
  result: VerifyResult,
): Promise<BackupEntry> {
  const { signers } = destination.vault;
  if (signers.length === 0) return backup;
  const signed = await readSigned(destination, backup, signers);
  if ('fault' in signed) {
    result.signed_by = null;
    addProblem(result, signed.fault, signed.message);
    return backup;
  }
  result.signed_by = signed.signedBy;
  return signed.backup;
}

async function archiveBytesOf(
  destination: Destination,
  backup: BackupEntry,
): Promise<number | null> {
  if (destination.archiveBytesOf === undefined) return backup.archiveBytes;
  return await destination.archiveBytesOf(backup);
}

export function checkLength(bytes: number, summary: Summary, result: VerifyResult): void {
  if (bytes === summary.archive_bytes) return;
  const kind = bytes < summary.archive_bytes ? 'archive_truncated' : 'archive';
  addProblem(
    result,
    kind,
    `${summary.archive.file} has ${countOf(bytes, 'byte')}, but the summary says ${formatCount(summary.archive_bytes)}`,
  );
}

/** Resolves to the error if no key opens the contents of the archive, or its record is wrong. */
export async function openOrNot(
  destination: Destination,
  id: string,
  known: KnownArchive,
): Promise<Archive | MangamotionError> {
  try {
    const archive = await destination.openArchive(id, known);
    if (!(archive instanceof IndexArchive)) return archive;
    await archive.close();
    return archive.withoutContents();
  } catch (error) {
    // An error that carries a request comes from the store, which denies access.
    const isLocked = isMangamotionError(error, 'access_denied') && error.request === undefined;
    const isWrong =
      known.encrypted !== undefined && isMangamotionError(error, 'damaged', 'not_found');
    if (!isLocked && !isWrong) throw error;
    return error;
  }
}

/** Reports why an archive could not be opened, unless it is for want of a key, or anything else was found. */
export function reportClosed({ error }: ClosedBackup, result: VerifyResult): void {
  if (result.status !== 'ok' || error.code === 'access_denied') return;
  addProblem(result, 'archive', error.message);
}

async function checkDirectory(
  archive: Archive,
  summary: Summary,
  result: VerifyResult,
): Promise<Directory | undefined> {
  const place = summary.archive.directory;
  const end = await archive.checkEnd(place);
  if (end !== undefined) addProblem(result, end.kind, end.message);
  try {
    const directory = await archive.readDirectory(place);
    if (directory.archive !== summary.id) {
      addProblem(result, 'directory', `the directory is that of ${directory.archive}`);
      return undefined;
    }
    for (const { kind, message } of compareSummary(summary, directory)) {
      addProblem(result, kind, message);
    }
    return directory;
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    addProblem(result, 'directory', error.message);
    return undefined;
  }
}
