import type { Archive } from '../../archive/archive.js';
import type { ChunkReference, Directory } from '../../archive/directory.js';
import { countOf, formatCount } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import { encryptedOf } from '../../repository/archives.js';
import type { BackupEntry } from '../../repository/destination.js';
import { ENCRYPTED_SUFFIX } from '../../repository/names.js';
import { ownPartsOf } from '../../repository/parts.js';
import type { PartRecord, Summary } from '../../repository/summary.js';
import { type VerifyResult, addProblem } from './result.js';
import { type StoredChecks, verifySidecar, verifySidecarLength } from './stored.js';

/** Parts whose ends are read at once by a quick check. */
const ENDS_AT_ONCE = 8;

export interface PartsContext extends StoredChecks {
  /** Called with what the audits of parts have read so far. */
  progress: (counts: { objects: number; bytes: number }) => void;
  /** How many times the memory and the requests of one worker may be used. */
  workers: number;
  openOrNot: (
    id: string,
    known: { sizeBytes: number; encrypted: ReturnType<typeof encryptedOf> },
  ) => Promise<Archive | MangamotionError>;
}

/** What is known of the parts of a backup once they were looked at. */
export class CheckedParts {
  /** The parts that are missing, which was reported. */
  readonly missing = new Set<string>();
  /** The index chunks of parts that were audited, with all objects that they name. */
  readonly #audited = new Set<string>();

  addAudited({ chunks, archive }: Directory): void {
    for (const chunk of chunks) if (chunk.archive === archive) this.#audited.add(keyOf(chunk));
  }

  /** Whether the audit of a part has read the chunk, and the objects in it that lie in the part. */
  hasRead(chunk: ChunkReference): boolean {
    return this.#audited.has(keyOf(chunk));
  }
}

/** The place of a chunk and its digest: another chunk at the same place is another one. */
function keyOf({ archive, offset, length, sha256 }: ChunkReference): string {
  return `${archive} ${offset} ${length} ${sha256}`;
}

/** Checks that every part that a backup needs is there and has its length. */
export async function checkPartLengths(
  { destination, result }: Pick<StoredChecks, 'destination' | 'result'>,
  { partBytes }: Pick<BackupEntry, 'partBytes'>,
  { parts = [], encryption }: Summary,
): Promise<CheckedParts> {
  const checked = new CheckedParts();
  if (parts.length === 0) return checked;
  const names = partBytes === undefined ? await destination.files().names() : undefined;
  for (const { id, archive_bytes: expected, archive } of parts) {
    const bytes = partBytes?.get(id) ?? names?.get(archive.file) ?? null;
    const isEncrypted = archive.file === id + ENCRYPTED_SUFFIX;
    const record = encryption?.archives[id];
    if (isEncrypted !== (encryption !== undefined) || (record?.bytes ?? expected) !== expected) {
      addProblem(result, 'summary', `what the summary says of the part ${id} contradicts itself`);
    }
    if (bytes === null) {
      checked.missing.add(id);
      addProblem(result, 'archive_missing', `the part ${archive.file} is missing`);
    } else if (bytes !== expected) {
      const found = countOf(bytes, 'byte');
      addProblem(
        result,
        bytes < expected ? 'archive_truncated' : 'archive',
        `the part ${archive.file} has ${found}, but the summary says ${formatCount(expected)}`,
      );
    }
  }
  return checked;
}

/** Checks the ends of the parts that are a backup's own, and their directories. */
export async function checkPartEnds(
  context: PartsContext,
  summary: Summary,
  { missing }: CheckedParts,
): Promise<void> {
  const own = ownPartsOf(summary).filter(({ id }) => !missing.has(id));
  await inParallel(ENDS_AT_ONCE, own, async (part) => {
    context.signal.throwIfAborted();
    await verifySidecarLength(context, { id: part.id, encryption: summary.encryption });
    await withPart(context, part, summary, () => Promise.resolve());
  });
}

/**
 * Reads those of the parts that are a backup's own which are `wanted`, each as a whole, like the archive of a
 * backup. Adds the intact objects of those of which the backup has every index chunk; the objects of others are
 * still to be read.
 */
export async function auditOwnParts(
  context: PartsContext,
  summary: Summary,
  head: Directory,
  { checked, wanted }: { checked: CheckedParts; wanted: ReadonlySet<string> },
): Promise<void> {
  const { result, signal, progress, workers } = context;
  const used = new Set(head.chunks.map(keyOf));
  for (const part of ownPartsOf(summary)) {
    if (!wanted.has(part.id) || checked.missing.has(part.id)) continue;
    await withPart(context, part, summary, async (archive, directory) => {
      const before = { objects: result.objects, bytes: result.bytes };
      const audit = await archive.audit(directory, {
        problem: ({ kind, message, ...name }) =>
          addProblem(result, kind, `${message} (in the part ${part.id})`, name),
        progress: ({ objects, bytes }) =>
          progress({ objects: before.objects + objects, bytes: before.bytes + bytes }),
        signal,
        workers,
      });
      if (audit.sha256 !== part.archive.sha256) {
        const message = `the SHA-256 of the part ${part.archive.file} is not that of the summary`;
        addProblem(result, 'archive', message);
      }
      const isWhole = directory.chunks.every((chunk) => used.has(keyOf(chunk)));
      if (!isWhole) return;
      checked.addAudited(directory);
      result.objects += audit.objects;
      result.bytes += audit.bytes;
    });
    await verifySidecar(context, { id: part.id, encryption: summary.encryption });
  }
}

/** Opens a part and checks its end and directory; calls `check` if they are those of the part. */
async function withPart(
  { result, openOrNot }: PartsContext,
  { id, archive_bytes: sizeBytes, archive: file }: PartRecord,
  summary: Summary,
  check: (archive: Archive, directory: Directory) => Promise<void>,
): Promise<void> {
  const archive = await openOrNot(id, { sizeBytes, encrypted: encryptedOf(summary, id) });
  if (archive instanceof MangamotionError) {
    addProblem(result, 'archive', archive.message);
    return;
  }
  try {
    const end = await archive.checkEnd(file.directory);
    if (end !== undefined) addProblem(result, end.kind, `${end.message} (in the part ${id})`);
    const directory = await directoryOf(archive, id, file.directory, result);
    if (directory !== undefined) await check(archive, directory);
  } finally {
    await archive.close();
  }
}

async function directoryOf(
  archive: Archive,
  id: string,
  place: PartRecord['archive']['directory'],
  result: VerifyResult,
): Promise<Directory | undefined> {
  try {
    const directory = await archive.readDirectory(place);
    if (directory.archive === id) return directory;
    addProblem(
      result,
      'directory',
      `the directory in the part ${id} is that of ${directory.archive}`,
    );
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    addProblem(result, 'directory', `${error.message} (in the part ${id})`);
  }
  return undefined;
}
