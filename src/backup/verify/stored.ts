import { createHash } from 'node:crypto';
import { REQUESTS_A_WORKER, ReadAhead } from '../../archive/read-ahead.js';
import type { ClosableSource } from '../../archive/sink.js';
import { countOf } from '../../count-of.js';
import { isMangamotionError } from '../../errors.js';
import type { WorkProgress } from '../../progress.js';
import { encryptedOf } from '../../repository/archives.js';
import type { Destination } from '../../repository/destination.js';
import { SIDECAR_SUFFIX, archiveNamesOf } from '../../repository/names.js';
import { ownPartsOf, partRecordsOf } from '../../repository/parts.js';
import type { Summary } from '../../repository/summary.js';
import { type VerifyResult, addProblem } from './result.js';

const READ_BYTES = 4 * 1024 * 1024;

export interface StoredChecks {
  destination: Destination;
  result: VerifyResult;
  signal: AbortSignal;
  /** How many workers read at once; 1 by default. */
  workers?: number | undefined;
}

/** What is known of the stored bytes of an archive. */
type StoredArchive = Pick<Summary, 'id' | 'archive' | 'archive_bytes'>;

interface StoredContext extends StoredChecks {
  progress: WorkProgress;
}

/**
 * Lists the files of an encrypted backup whose digests are checked without a key: its archive, its sidecars, and
 * the archives that it refers to. Reports what the summaries say of them that cannot be true.
 */
export async function storedFiles(
  { destination, result }: Pick<StoredChecks, 'destination' | 'result'>,
  summary: Summary,
): Promise<StoredFile[]> {
  const others = summary.references.length === 0 ? [] : await destination.list();
  const needed: StoredArchive[] = [summary];
  const records = partRecordsOf(summary);
  for (const id of summary.references) {
    const part = records.get(id);
    if (part !== undefined) {
      needed.push(part);
      continue;
    }
    const found = others.find((backup) => backup.id === id)?.summary;
    if (found?.kind === 'valid') {
      needed.push(found.summary);
      if (!isRecorded(found.summary, summary)) {
        const message = `the archive of ${id} is not the one that this backup refers to`;
        addProblem(result, 'archive', message);
      }
    } else addProblem(result, 'archive_missing', `${id}, which this backup needs, has no summary`);
  }
  const files: StoredFile[] = [];
  for (const { id, archive, archive_bytes: bytes } of needed) {
    if (!archiveNamesOf(id).includes(archive.file)) {
      const named = JSON.stringify(archive.file);
      addProblem(result, 'summary', `the summary of ${id} says ${named}`);
      continue;
    }
    // A plain folder has no digest of its own; its files are checked when it is verified itself.
    if (archive.file === id) continue;
    const head = headOf(encryptedOf(summary, id)?.record);
    files.push({ name: archive.file, bytes, sha256: archive.sha256, head });
  }
  const own = [summary.id, ...ownPartsOf(summary).map(({ id }) => id)];
  return [...files, ...own.flatMap((id) => sidecarOf({ id, encryption: summary.encryption }))];
}

/** Checks that the stored bytes of the files have the digests in their summaries. */
export async function verifyStored(
  context: StoredContext,
  files: readonly StoredFile[],
): Promise<void> {
  const { progress } = context;
  progress.start('verifying');
  progress.update({ bytesTotal: files.reduce((sum, file) => sum + file.bytes, 0) });
  let bytes = 0;
  for (const file of files) {
    await checkFile(context, file, () => {
      progress.update({ bytes: (bytes += READ_BYTES) });
    });
  }
}

/** Whether an archive has the header and the length that a backup that refers to it has recorded. */
function isRecorded(referenced: Summary, by: Summary): boolean {
  const recorded = encryptedOf(by, referenced.id)?.record;
  if (recorded === undefined) return true;
  const own = encryptedOf(referenced, referenced.id)?.record;
  return (
    own?.header === recorded.header && own.nonce === recorded.nonce && own.bytes === recorded.bytes
  );
}

/** Checks the sidecar of an encrypted backup. */
export async function verifySidecar(
  context: StoredChecks,
  summary: Pick<Summary, 'id' | 'encryption'>,
): Promise<void> {
  for (const file of sidecarOf(summary)) await checkFile(context, file);
}

function sidecarOf(summary: Pick<Summary, 'id' | 'encryption'>): StoredFile[] {
  const record = encryptedOf(summary, summary.id)?.record;
  if (record === undefined) return [];
  const { bytes, sha256 } = record.index;
  return [{ name: summary.id + SIDECAR_SUFFIX, bytes, sha256, head: headOf(record.index) }];
}

/** Checks that the sidecar of an encrypted backup is there and has its length. */
export async function verifySidecarLength(
  context: StoredChecks,
  summary: Pick<Summary, 'id' | 'encryption'>,
): Promise<void> {
  const record = encryptedOf(summary, summary.id)?.record;
  if (record === undefined) return;
  const { bytes } = record.index;
  await checkFile(context, { name: summary.id + SIDECAR_SUFFIX, bytes });
}

/** A file as a summary tells of it. */
export interface StoredFile {
  name: string;
  bytes: number;
  sha256?: string;
  /** What its summary says about its beginning. */
  head?: Buffer;
}

function headOf(record: { header: string; nonce: string } | undefined): Buffer {
  if (record === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from(record.header, 'base64'), Buffer.from(record.nonce, 'base64')]);
}

/** Reads a file, and reports it if it is missing or not the one that was written; without a digest, only its last byte. */
async function checkFile(
  { destination, result, signal, workers = 1 }: StoredChecks,
  { name, bytes, sha256, head = Buffer.alloc(0) }: StoredFile,
  onRead: () => void = () => undefined,
): Promise<void> {
  let source: ClosableSource | undefined;
  let ahead: ReadAhead | undefined;
  try {
    source = await destination.openFile(name, bytes);
    if (source.sizeBytes !== bytes) {
      const kind = source.sizeBytes < bytes ? 'archive_truncated' : 'archive';
      const found = countOf(source.sizeBytes, 'byte');
      addProblem(result, kind, `${name} has ${found}, but its summary says ${bytes}`);
      return;
    }
    if (sha256 === undefined) {
      await source.read(Math.max(0, bytes - 1), Math.min(1, bytes));
      return;
    }
    const start = await source.read(0, Math.min(head.length, bytes));
    if (!start.equals(head)) {
      addProblem(result, 'archive', `the summary has another header than ${name}`);
      return;
    }
    ahead = new ReadAhead(source, { from: 0, to: bytes, requests: REQUESTS_A_WORKER * workers });
    const hash = createHash('sha256');
    for (let at = 0; at < bytes; at += READ_BYTES) {
      signal.throwIfAborted();
      hash.update(await ahead.read(at, Math.min(READ_BYTES, bytes - at)));
      onRead();
    }
    if (hash.digest('hex') === sha256) return;
    addProblem(result, 'archive', `the SHA-256 of ${name} is not that of the summary`);
  } catch (error) {
    if (!isMangamotionError(error, 'damaged', 'not_found')) throw error;
    const kind = error.code === 'not_found' ? 'archive_missing' : 'archive';
    addProblem(result, kind, error.message);
  } finally {
    await ahead?.close();
    await source?.close();
  }
}
