import { countOf, formatCount } from '../../count-of.js';
import type { Archive } from '../../archive/archive.js';
import type { Directory } from '../../archive/directory.js';
import { IndexArchive } from '../../archive/index-archive.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { WorkProgress } from '../../progress.js';
import { Archives, encryptedOf } from '../../repository/archives.js';
import type { BackupEntry, Destination, KnownArchive } from '../../repository/destination.js';
import { type LocatedBackup, refuseNewerSummary } from '../../repository/locate.js';
import { readSigned } from '../../repository/signed-backup.js';
import { type Summary, objectsIn } from '../../repository/summary.js';
import { bucketsDocumentOf, compareBucketsDocument, compareSummary } from './agreement.js';
import { verifyObjects } from './objects.js';
import { verifyRedis } from './redis-keys.js';
import { type StoredChecks, verifySidecar, verifySidecarLength, verifyStored } from './stored.js';
import { type VerifyResult, addProblem } from './result.js';

export interface VerifyContext {
  signal: AbortSignal;
  progress: WorkProgress;
}

export interface VerifyOptions {
  /** Check only the summary, the lengths of the archives, the footer and the directory. */
  quick: boolean;
  /** Read only a random share of the objects (0 to 1). The index is read in full. */
  sample?: number | undefined;
}

/**
 * Checks a backup: its signature, if the destination has signers, and every byte of its archive, and its
 * objects in other archives, unless `options` limit that. Rejects with `refused` if its format is newer, but never because of damage.
 */
export async function verifyBackup(
  context: VerifyContext,
  located: LocatedBackup,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { id } = located.backup;
  const result: VerifyResult = {
    id,
    status: 'ok',
    quick: options.quick,
    objects: 0,
    bytes: 0,
    problems: [],
    problems_omitted: 0,
  };
  const backup = await checkSignature(located, result);
  refuseNewerSummary(backup);
  if (backup.summary.kind === 'valid') {
    await verifyArchives(context, { ...located, backup }, backup.summary.summary, result, options);
  } else if (backup.summary.kind === 'damaged') {
    addProblem(result, 'summary', backup.summary.reason);
  }
  return result;
}

/** Resolves to the backup with the summary that was signed; to the one that was found if none was. */
async function checkSignature(
  { destination, backup }: LocatedBackup,
  result: VerifyResult,
): Promise<BackupEntry> {
  const { signers } = destination;
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

async function verifyArchives(
  context: VerifyContext,
  { destination, backup }: LocatedBackup,
  summary: Summary,
  result: VerifyResult,
  { sample }: VerifyOptions,
): Promise<void> {
  if (summary.id !== backup.id) {
    addProblem(result, 'summary', `the summary is that of ${summary.id}`);
    return;
  }
  const archiveBytes = await archiveBytesOf(destination, backup);
  if (archiveBytes === null) {
    addProblem(result, 'archive_missing', `${summary.archive.file} is missing`);
    return;
  }
  checkLength(archiveBytes, summary, result);
  const known = { sizeBytes: archiveBytes, encrypted: encryptedOf(summary, backup.id) };
  const archive = await openOrNot(destination, backup.id, known);
  if (isMangamotionError(archive)) {
    if (sample !== undefined) throw archive;
    result.not_opened = archive.message;
    result.objects = objectsIn(summary);
    result.bytes = summary.bytes;
    const checking = { ...context, destination, result };
    if (result.quick) await checkLengthsQuickly(checking, summary);
    else await verifyStored(checking, summary);
    if (result.status === 'ok' && archive.code !== 'access_denied') {
      addProblem(result, 'archive', archive.message);
    }
    return;
  }
  const archives = new Archives(destination, { id: backup.id, archive }, summary);
  try {
    const directory = await checkDirectory(archive, summary, result);
    if (directory === undefined) return;
    if (result.quick) {
      await checkLengthsQuickly({ ...context, destination, result }, summary);
      result.objects = directory.objects;
      result.bytes = directory.bytes;
      return;
    }
    await checkBucketsDocument(archive, directory, result);
    await verifyRedis(archive, directory, summary, result, context.signal);
    const reading = { ...context, directory, archives, result };
    await verifySidecar({ ...context, destination, result }, summary);
    const checked =
      sample === undefined
        ? await readAll(reading, archive, summary)
        : await readSome(reading, summary.references, sample);
    compareCounts(checked, directory, result);
  } finally {
    await archives.close();
  }
}

/** Resolves to the error if no key opens the contents of the archive, or its record is wrong. */
async function openOrNot(
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

async function archiveBytesOf(
  destination: Destination,
  backup: BackupEntry,
): Promise<number | null> {
  if (destination.archiveBytesOf === undefined) return backup.archiveBytes;
  return await destination.archiveBytesOf(backup);
}

type Counts = Pick<VerifyResult, 'objects' | 'bytes'>;

interface Reading extends VerifyContext {
  directory: Directory;
  archives: Archives;
  result: VerifyResult;
}

/** Reads everything. Resolves to the numbers of intact objects and bytes. */
async function readAll(reading: Reading, archive: Archive, summary: Summary): Promise<Counts> {
  const { directory, archives, result, progress, signal } = reading;
  progress.start('verifying');
  progress.update({ objectsTotal: directory.objects, bytesTotal: directory.bytes });
  const audit = await archive.audit(directory, {
    problem: ({ kind, message, ...name }) => addProblem(result, kind, message, name),
    progress: (counts) => progress.update(counts),
    signal,
  });
  result.objects = audit.objects;
  result.bytes = audit.bytes;
  if (audit.sha256 !== summary.archive.sha256) {
    addProblem(
      result,
      'archive',
      `the SHA-256 of ${summary.archive.file} is not that of the summary`,
    );
  }
  await verifyObjects(directory, archives, result, {
    references: summary.references,
    wanted: () => true,
    audited: directory.archive,
    progress: (counts) => progress.update(counts),
    signal,
  });
  return { objects: result.objects, bytes: result.bytes };
}

async function readSome(
  { directory, archives, result, progress, signal }: Reading,
  references: readonly string[],
  share: number,
): Promise<Counts> {
  progress.start('verifying a part');
  return await verifyObjects(directory, archives, result, {
    references,
    wanted: () => Math.random() < share,
    audited: undefined,
    progress: (counts) => progress.update(counts),
    signal,
  });
}

/** Compares the final counts, in case objects were missed although no fault was found. */
function compareCounts(checked: Counts, directory: Directory, result: VerifyResult): void {
  if (result.status !== 'ok') return;
  for (const what of ['objects', 'bytes'] as const) {
    if (checked[what] === directory[what]) continue;
    addProblem(result, 'directory', `checked ${checked[what]} of ${directory[what]} ${what}`);
  }
}

async function checkBucketsDocument(
  archive: Archive,
  directory: Directory,
  result: VerifyResult,
): Promise<void> {
  // A missing document was reported before.
  const entry = bucketsDocumentOf(directory);
  if (entry === undefined) return;
  try {
    const content = await archive.readDocument(entry);
    for (const { kind, message } of compareBucketsDocument(content, directory)) {
      addProblem(result, kind, message);
    }
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    addProblem(result, 'document', error.message);
  }
}

function checkLength(bytes: number, summary: Summary, result: VerifyResult): void {
  if (bytes === summary.archive_bytes) return;
  const kind = bytes < summary.archive_bytes ? 'archive_truncated' : 'archive';
  addProblem(
    result,
    kind,
    `${summary.archive.file} has ${countOf(bytes, 'byte')}, but the summary says ${formatCount(summary.archive_bytes)}`,
  );
}

async function checkLengthsQuickly(
  { destination, result, signal }: StoredChecks,
  summary: Summary,
): Promise<void> {
  await verifySidecarLength({ destination, result, signal }, summary);
  const backups = summary.references.length === 0 ? [] : await destination.list();
  for (const id of summary.references) {
    const referenced = backups.find((backup) => backup.id === id);
    if (referenced === undefined || referenced.archiveBytes === null) {
      addProblem(
        result,
        'archive_missing',
        `the archive of ${id} is missing, and this backup needs it`,
      );
    } else if (!isLongAsRecorded(referenced, summary)) {
      addProblem(
        result,
        'archive',
        `the archive of ${id} is not the one that this backup refers to`,
      );
    } else if (referenced.summary.kind === 'valid') {
      checkLength(referenced.archiveBytes, referenced.summary.summary, result);
    }
  }
}

/** A backup names the lengths of the encrypted archives that it refers to. */
function isLongAsRecorded({ id, archiveBytes }: BackupEntry, summary: Summary): boolean {
  const record = encryptedOf(summary, id)?.record;
  return record === undefined || record.bytes === archiveBytes;
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
