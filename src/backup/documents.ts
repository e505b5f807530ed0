import type { ArchiveWriter } from '../archive/archive-writer.js';
import { bucketDocumentPath } from '../archive/paths.js';
import { isMangamotionError } from '../errors.js';
import { BUCKET_DOCUMENTS } from '../object-store/bucket-documents.js';
import type { BucketDocument, ObjectStore } from '../object-store/port.js';
import { isBucketStillThere } from '../object-store/retry.js';
import { prefetchInOrder } from '../prefetch.js';
import type { DocumentFidelity } from '../repository/summary.js';

/** Documents that are asked for at once. They are small: a policy has at most 20 kB. */
const LIMITS = { mostRequests: 16, mostBytes: 16 * 1024 * 1024 };
const WEIGHT_BYTES = 64 * 1024;

interface DocumentsContext {
  store: ObjectStore;
  writer: Pick<ArchiveWriter, 'addDocument'>;
  signal: AbortSignal;
}

/**
 * Copies the documents of the buckets into the archive as the server returns them, and tells what
 * became of each: in the order of the buckets, and within one in that of the closed list. Rejects
 * only with what ends the run: a store that is gone, a signal, an archive that cannot be written.
 */
export async function captureDocuments(
  { store, writer, signal }: DocumentsContext,
  buckets: readonly { name: string }[],
): Promise<DocumentFidelity[]> {
  const wanted = buckets.map(({ name }) =>
    BUCKET_DOCUMENTS.map((form) => ({ bucket: name, form })),
  );
  const read = prefetchInOrder(
    eachOf(wanted),
    LIMITS,
    () => WEIGHT_BYTES,
    ({ bucket, form }) => readOrExplain(store, bucket, form, signal),
  );
  const fidelity: DocumentFidelity[] = [];
  for await (const { item, result } of read) {
    const { bucket, form } = item;
    if (result.state === 'captured') {
      await writer.addDocument(bucketDocumentPath(bucket, form.fileName), result.content);
    }
    const { state } = result;
    const why = 'reason' in result ? { reason: result.reason } : {};
    fidelity.push({ bucket, document: form.kind, state, ...why });
  }
  return fidelity;
}

type ReadDocument = BucketDocument | { state: 'failed'; reason: string };

async function readOrExplain(
  store: ObjectStore,
  bucket: string,
  { kind }: (typeof BUCKET_DOCUMENTS)[number],
  signal: AbortSignal,
): Promise<ReadDocument> {
  try {
    return await store.readBucketDocument(bucket, kind, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error, 'unreachable', 'access_denied', 'not_found', 'refused')) {
      throw error;
    }
    if (error.code === 'unreachable') await isBucketStillThere(store, bucket, error, signal);
    return { state: 'failed', reason: error.message };
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- the pages of something that is all there
async function* eachOf<T>(pages: readonly (readonly T[])[]): AsyncGenerator<readonly T[]> {
  yield* pages;
}
