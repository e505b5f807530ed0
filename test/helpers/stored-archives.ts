import type { Archive } from '../../src/archive/archive.js';
import type { ArchiveProblem, AuditResult } from '../../src/archive/archive.js';
import type { ArchiveWriter, WrittenArchive } from '../../src/archive/archive-writer.js';
import type { Directory } from '../../src/archive/directory.js';
import type { IndexLine } from '../../src/archive/index-line.js';
import type { Clock, Destination, SealedArchive } from '../../src/repository/destination.js';
import { CREATED_AT, type SampleObject, addWhole, bucketsOf, inOrder } from './archive-samples.js';
import { collect } from './archive-memory.js';
import { summaryOf } from './summaries.js';

/** Archives as a destination keeps them; of their summaries only the names and lengths are right. */

let seconds = 0;
/** Each look at it is a second later. */
export const TEST_CLOCK: Clock = {
  now: () => new Date(CREATED_AT.getTime() + 1000 * seconds++),
  sleep: () => Promise.resolve(),
};

export interface StoredArchive {
  id: string;
  written: WrittenArchive;
  sealed: SealedArchive;
  archive: Archive;
  directory: Directory;
  lines: IndexLine[];
}

/** An archive of the objects, which come in any order, with one document before them. */
export async function storeObjects(
  destination: Destination,
  objects: readonly SampleObject[],
  write: (writer: ArchiveWriter, object: SampleObject) => Promise<void> = addWhole,
): Promise<StoredArchive> {
  return await storeArchive(destination, objects, async (writer) => {
    for (const object of inOrder(objects)) await write(writer, object);
  });
}

/** An archive into which `fill` puts what it likes; the objects tell the buckets. */
export async function storeArchive(
  destination: Destination,
  objects: readonly SampleObject[],
  fill: (writer: ArchiveWriter) => Promise<void>,
): Promise<StoredArchive> {
  const pending = await destination.begin('full', TEST_CLOCK);
  try {
    await pending.writer.addDocument('metadata/buckets.json', Buffer.from('[{"name":"sample"}]\n'));
    await fill(pending.writer);
    const written = await pending.writer.finish(bucketsOf(objects));
    const sealed = await pending.seal();
    // An archive has its own name from its commit on.
    const summary = summaryOf({ at: pending.createdAt.toISOString(), sequence: 1 });
    await pending.commit({ ...summary, archive_bytes: sealed.bytes });
    return { ...(await openStored(destination, pending.id, sealed, written)), written, sealed };
  } catch (error) {
    await pending.discard();
    throw error;
  }
}

async function openStored(
  destination: Destination,
  id: string,
  sealed: SealedArchive,
  written: WrittenArchive,
): Promise<Pick<StoredArchive, 'id' | 'archive' | 'directory' | 'lines'>> {
  const archive = await destination.openArchive(id, { sizeBytes: sealed.bytes });
  const directory = await archive.readDirectory(written.directory);
  const lines: IndexLine[] = [];
  for (const chunk of directory.chunks) {
    if (chunk.archive === id) lines.push(...(await archive.readChunk(chunk)));
  }
  return { id, archive, directory, lines };
}

export async function readObject(archive: Archive, line: IndexLine): Promise<Buffer> {
  return Buffer.concat(await collect(archive.read(line)));
}

export async function auditStored({
  archive,
  directory,
}: Pick<StoredArchive, 'archive' | 'directory'>): Promise<
  AuditResult & { problems: ArchiveProblem[] }
> {
  const problems: ArchiveProblem[] = [];
  const result = await archive.audit(directory, {
    problem: (problem) => problems.push(problem),
    progress: () => undefined,
    signal: new AbortController().signal,
  });
  return { ...result, problems };
}
