import { ChunkLines } from '../../archive/chunk-lines.js';
import type { ChunkReference } from '../../archive/directory.js';
import { LARGEST_CHUNK_BYTES } from '../../archive/limits.js';
import type { ObjectName } from '../../key-order.js';
import { prefetchInOrder } from '../../prefetch.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import { holdsAny } from './unshared-chunks.js';

/**
 * Two chunks of about 4 MiB are read and inflated while one is compared. A chunk of up to 32 MiB,
 * the largest that is read at all, is read alone.
 */
const AHEAD = { maxRequests: 2, maxBytes: 12 * 1024 * 1024 };

/** Reads chunks of an index in order. The lines around `watched` objects are all decoded. */
export async function* streamChunks(
  { archives }: Pick<OpenBackup, 'archives'>,
  chunks: readonly ChunkReference[],
  { watched = [], signal }: { watched?: readonly ObjectName[]; signal: AbortSignal },
): AsyncGenerator<ChunkLines> {
  const read = prefetchInOrder(
    onePage(chunks),
    AHEAD,
    ({ size }) => Math.min(size, LARGEST_CHUNK_BYTES),
    async (chunk) => (await archives.of(chunk.archive)).readChunkBytes(chunk),
  );
  for await (const { item: chunk, result: bytes } of read) {
    signal.throwIfAborted();
    yield new ChunkLines(bytes, chunk, { comparesBytes: !holdsAny(chunk, watched) });
  }
}

// oxlint-disable-next-line typescript/require-await -- a list in memory
async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
