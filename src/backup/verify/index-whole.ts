import type { ChunkReference } from '../../archive/directory.js';
import { IndexCheck } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { isMangamotionError } from '../../errors.js';
import { prefetchInOrder } from '../../prefetch.js';
import type { OpenBackup } from './look.js';
import { unusedReference } from './objects.js';
import { type VerifyResult, addProblem } from './result.js';
import { wholeBulk } from './shares.js';

/** Chunks that are read at once, with what they may take, as they are stored, for one worker. */
const CHUNKS_AHEAD = { maxRequests: 4, maxBytes: 16 * 1024 * 1024 };

/**
 * Checks what only all chunks of an index show together, where shares of a verify read them apart: whether the
 * buckets have as many objects as the directory counts, and whether every archive is there and needed. That a
 * chunk holds what the directory says of it is left to the share that reads it. So only chunks of several buckets are read here,
 * and as many as it takes to find something in every archive.
 */
export async function checkIndexAsWhole(
  backup: OpenBackup,
  result: VerifyResult,
  { signal, workers = 1 }: { signal: AbortSignal; workers?: number | undefined },
): Promise<void> {
  const { directory, archives, summary } = backup;
  for (const id of summary.references) await archives.open(id);
  const unseen = new Set(summary.references);
  const index = new IndexCheck(directory);
  const [mixed, plain]: [ChunkReference[], ChunkReference[]] = [[], []];
  for (const chunk of directory.chunks) {
    unseen.delete(chunk.archive);
    const isOfOne = chunk.first.bucket === chunk.last.bucket;
    if (isOfOne) index.addUnread(chunk.first.bucket, chunk);
    (isOfOne ? plain : mixed).push(chunk);
  }
  const found = { isWhole: true };
  const read = async (chunks: readonly ChunkReference[], take: (lines: IndexLine[]) => boolean) => {
    const ahead = prefetchInOrder(
      pagesOf(chunks),
      {
        maxRequests: CHUNKS_AHEAD.maxRequests * workers,
        maxBytes: CHUNKS_AHEAD.maxBytes * workers,
      },
      ({ size }) => size,
      (chunk) => linesOf(backup, chunk),
    );
    for await (const { result: lines } of ahead) {
      signal.throwIfAborted();
      if (lines === undefined) found.isWhole = false;
      else if (!take(lines)) return;
    }
  };
  const see = (lines: readonly IndexLine[]) => {
    if (unseen.size > 0) for (const { archive } of lines) unseen.delete(archive);
  };
  await read(mixed, (lines) => {
    see(lines);
    if (!add(index, lines)) found.isWhole = false;
    return true;
  });
  // An archive that is needed for single objects is named in chunks that were written since.
  if (unseen.size > 0) {
    const own = wholeBulk(summary, directory).archives;
    const [newest, older] = [true, false].map((isNew) =>
      plain.filter(({ archive }) => own.has(archive) === isNew),
    );
    await read([...(newest ?? []), ...(older ?? [])], (lines) => {
      see(lines);
      return unseen.size > 0;
    });
  }
  // A chunk that cannot be read is reported by the share that has it.
  if (!found.isWhole) return;
  for (const { name } of directory.buckets) {
    const wrong = index.mismatchOf(name);
    if (wrong !== undefined) addProblem(result, 'directory', wrong);
  }
  for (const id of summary.references) {
    if (unseen.has(id) || id === directory.archive) addProblem(result, ...unusedReference(id));
  }
}

/** The share that the chunk belongs to reports a bucket that the directory does not have. */
function add(index: IndexCheck, lines: readonly IndexLine[]): boolean {
  try {
    index.add(lines);
    return true;
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    return false;
  }
}

/** Resolves to `undefined` for a chunk that cannot be read. */
async function linesOf(
  { archives }: Pick<OpenBackup, 'archives'>,
  chunk: ChunkReference,
): Promise<IndexLine[] | undefined> {
  try {
    const archive = await archives.open(chunk.archive);
    return await archive?.readChunk(chunk);
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    return undefined;
  }
}

// oxlint-disable-next-line typescript/require-await
async function* pagesOf(
  chunks: readonly ChunkReference[],
): AsyncGenerator<readonly ChunkReference[]> {
  yield chunks;
}
