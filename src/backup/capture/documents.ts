import type { ArchiveWriter, ArchivedBucket } from '../../archive/archive-writer.js';
import { bucketDocumentPath } from '../../archive/paths.js';
import { BUCKET_DOCUMENTS } from '../../object-store/bucket-documents.js';
import type { Bucket, BucketDocument, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { prefetchInOrder } from '../../prefetch.js';
import type { DocumentFidelity, Failure } from '../../repository/summary.js';
import type { MangamotionError } from '../../errors.js';
import type { Baseline } from '../plan/baseline.js';
import { failureOf } from '../failures.js';

/** Limits for documents that are read concurrently. A policy has at most 20 kB. */
const LIMITS = { maxRequests: 16, maxBytes: 16 * 1024 * 1024 };
const WEIGHT_BYTES = 64 * 1024;

interface DocumentsContext {
  store: ObjectStore;
  faults: RunFaults;
  writer: Pick<ArchiveWriter, 'addDocument'>;
  /** The earlier backup, whose copy of a document is kept if the document cannot be read. */
  baseline: Pick<Baseline, 'document' | 'id'> | undefined;
  signal: AbortSignal;
}

export interface CapturedDocuments {
  fidelity: DocumentFidelity[];
  /** Documents that could not be read. With any of them the backup is not complete. */
  failures: Failure[];
  /** Buckets whose objects can be locked, or may be. */
  lockable: Set<string>;
  /** Buckets that have or had versioning. */
  versioned: string[];
}

type Form = (typeof BUCKET_DOCUMENTS)[number];

/**
 * Copies the documents of the buckets into the archive, byte for byte, in the order of buckets and
 * of the list of kinds. A document that cannot be read is taken over from the earlier backup.
 * Rejects only with an error that ends the backup.
 */
export async function captureDocuments(
  context: DocumentsContext,
  buckets: readonly { name: string }[],
): Promise<CapturedDocuments> {
  const { writer, baseline } = context;
  const wanted = buckets.map(({ name }) =>
    BUCKET_DOCUMENTS.map((form) => ({ bucket: name, form })),
  );
  const read = prefetchInOrder(
    eachOf(wanted),
    LIMITS,
    () => WEIGHT_BYTES,
    ({ bucket, form }) => readOrExplain(context, bucket, form),
  );
  const captured: CapturedDocuments = {
    ...{ fidelity: [], failures: [] },
    ...{ lockable: new Set(), versioned: [] },
  };
  for await (const { item, result } of read) {
    const { bucket, form } = item;
    record(captured, bucket, form, result);
    const path = bucketDocumentPath(bucket, form.fileName);
    if (result.state === 'captured') await writer.addDocument(path, result.content);
    if (result.state !== 'failed') continue;
    const reused = await baseline?.document(path);
    if (reused !== undefined) await writer.addDocument(path, reused);
    const from = reused === undefined ? {} : { carried_from: baseline?.id };
    captured.failures.push(
      failureOf({ bucket, key: '' }, result.error, { document: form.kind, ...from }),
    );
  }
  return captured;
}

type ReadDocument = BucketDocument | { state: 'failed'; error: MangamotionError };

async function readOrExplain(
  { store, faults, signal }: DocumentsContext,
  bucket: string,
  { kind }: Form,
): Promise<ReadDocument> {
  try {
    return await store.readBucketDocument(bucket, kind, { signal });
  } catch (error) {
    return { state: 'failed', error: await faults.classify(bucket, error, signal) };
  }
}

function record(
  captured: CapturedDocuments,
  bucket: string,
  { kind }: Form,
  result: ReadDocument,
): void {
  const { state } = result;
  const reason =
    state === 'failed' ? result.error.message : 'reason' in result ? result.reason : undefined;
  captured.fidelity.push({
    ...{ bucket, document: kind, state },
    ...(reason === undefined ? {} : { reason }),
  });
  const mayBe = state === 'captured' || state === 'failed';
  if (kind === 'object-lock' && mayBe) captured.lockable.add(bucket);
  if (kind === 'versioning' && state === 'captured') captured.versioned.push(bucket);
}

// oxlint-disable-next-line typescript/require-await -- pages of a list in memory
async function* eachOf<T>(pages: readonly (readonly T[])[]): AsyncGenerator<readonly T[]> {
  yield* pages;
}

/** Archives the list of buckets, and resolves to it. A region is `null` if it is unknown. */
export async function captureBuckets(
  { store, faults, writer, signal }: Omit<DocumentsContext, 'baseline'>,
  buckets: readonly Bucket[],
): Promise<ArchivedBucket[]> {
  const described: ArchivedBucket[] = [];
  for (const { name, createdAt } of buckets) {
    let region: string | null = null;
    try {
      region = await store.bucketRegion(name, { signal });
    } catch (error) {
      await faults.classify(name, error, signal);
    }
    described.push({ name, created_at: createdAt, region });
  }
  await writer.addDocument('metadata/buckets.json', Buffer.from(toJson(described)));
  return described;
}

function toJson(buckets: readonly ArchivedBucket[]): string {
  return `${JSON.stringify({ buckets }, null, 2)}\n`;
}
