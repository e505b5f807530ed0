import { auditArchive } from '../archive/audit.js';
import type { Directory } from '../archive/directory.js';
import type { Footer } from '../archive/footer.js';
import { readDirectory } from '../archive/reader.js';
import { MangamotionError } from '../errors.js';
import type { WorkProgress } from '../progress.js';
import type { OpenArchive } from '../repository/destination.js';
import { type LocatedBackup, refuseNewerSummary } from '../repository/locate.js';
import { readOwnFooter } from '../repository/open-backup.js';
import type { Summary } from '../repository/summary.js';

export interface VerifyProblem {
  kind: string;
  message: string;
  bucket?: string;
  key?: string;
}

/** The answer of `backup verify`. */
export interface VerifyResult {
  id: string;
  /** `incomplete`: the archive is missing or cut off; `damaged`: any other finding. */
  status: 'ok' | 'damaged' | 'incomplete';
  quick: boolean;
  /** Objects that are there and right (with `quick`: that the directory names). */
  objects: number;
  bytes: number;
  problems: VerifyProblem[];
}

export interface VerifyContext {
  signal: AbortSignal;
  progress: WorkProgress;
}

/**
 * Checks a backup against its summary. `quick` looks at the summary, the length of the archive, its
 * footer and its directory; otherwise every byte is read. Never rejects because of damage.
 */
export async function verifyBackup(
  context: VerifyContext,
  located: LocatedBackup,
  options: { quick: boolean },
): Promise<VerifyResult> {
  const { backup } = located;
  const result: VerifyResult = {
    id: backup.id,
    status: 'ok',
    quick: options.quick,
    objects: 0,
    bytes: 0,
    problems: [],
  };
  refuseNewerSummary(backup);
  if (backup.summary.kind === 'valid') {
    await verifyArchive(context, located, backup.summary.summary, result);
  } else if (backup.summary.kind === 'damaged') {
    found(result, 'summary', backup.summary.reason);
  }
  return result;
}

async function verifyArchive(
  context: VerifyContext,
  { destination, backup }: LocatedBackup,
  summary: Summary,
  result: VerifyResult,
): Promise<void> {
  if (summary.id !== backup.id) {
    found(result, 'summary', `the summary is that of ${summary.id}`);
    return;
  }
  if (backup.archiveBytes === null) {
    found(result, 'archive_missing', `${summary.archive.file} is missing`);
    return;
  }
  checkLength(backup.archiveBytes, summary, result);
  const archive = await destination.openArchive(backup.id);
  try {
    const directory = await checkDirectory(archive, summary, result);
    if (directory === undefined) return;
    if (result.quick) {
      result.objects = directory.objects;
      result.bytes = directory.bytes;
      return;
    }
    context.progress.start('verifying');
    context.progress.update({ objectsTotal: directory.objects, bytesTotal: directory.bytes });
    const audit = await auditArchive(archive, directory, {
      problem: ({ kind, message, ...name }) => found(result, kind, message, name),
      progress: (counts) => context.progress.update(counts),
      signal: context.signal,
    });
    result.objects = audit.objects;
    result.bytes = audit.bytes;
    if (audit.sha256 !== summary.archive.sha256) {
      found(result, 'archive', `the SHA-256 of ${summary.archive.file} is not that of the summary`);
    }
  } finally {
    await archive.close();
  }
}

function checkLength(bytes: number, summary: Summary, result: VerifyResult): void {
  if (bytes === summary.archive_bytes) return;
  const kind = bytes < summary.archive_bytes ? 'archive_truncated' : 'archive';
  found(
    result,
    kind,
    `${summary.archive.file} has ${bytes} bytes, the summary says ${summary.archive_bytes}`,
  );
}

async function checkDirectory(
  archive: OpenArchive,
  summary: Summary,
  result: VerifyResult,
): Promise<Directory | undefined> {
  try {
    const footer = await readFooterOr(archive, summary, result);
    const directory = await readDirectory(archive, footer);
    const { offset, length, sha256 } = summary.archive.directory;
    if (footer.offset !== offset || footer.length !== length || footer.sha256 !== sha256) {
      found(result, 'footer', 'the footer is not the one that the summary describes');
    }
    if (directory.objects !== summary.objects.captured || directory.bytes !== summary.bytes) {
      found(result, 'directory', 'the directory does not hold the objects that the summary counts');
    }
    return directory;
  } catch (error) {
    if (!(error instanceof MangamotionError) || error.code !== 'damaged') throw error;
    found(result, 'directory', error.message);
    return undefined;
  }
}

/** The footer, or what the summary says it was: the rest is worth looking at all the same. */
async function readFooterOr(
  archive: OpenArchive,
  summary: Summary,
  result: VerifyResult,
): Promise<Footer> {
  try {
    return await readOwnFooter(archive);
  } catch (error) {
    if (!(error instanceof MangamotionError) || error.code !== 'damaged') throw error;
    found(result, 'footer', error.message);
    return { version: summary.format, ...summary.archive.directory };
  }
}

function found(
  result: VerifyResult,
  kind: string,
  message: string,
  name: { bucket?: string; key?: string } = {},
): void {
  result.problems.push({ kind, message, ...name });
  const incomplete = kind === 'archive_missing' || kind === 'archive_truncated';
  if (incomplete) result.status = 'incomplete';
  else if (result.status === 'ok') result.status = 'damaged';
}
