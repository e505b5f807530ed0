import { FORMAT_VERSION } from '../archive/footer.js';
import { type ArchivedBucket, ArchiveWriter, type WrittenArchive } from '../archive/writer.js';
import { MangamotionError } from '../errors.js';
import type { Bucket, ObjectStore } from '../object-store/port.js';
import type {
  Clock,
  Destination,
  PendingBackup,
  SealedArchive,
} from '../repository/destination.js';
import type { WorkProgress } from '../progress.js';
import { lastComplete, nextSequence } from '../repository/history.js';
import type { Summary } from '../repository/summary.js';
import { type CaptureResult, captureObjects } from './capture.js';
import { NOT_CAPTURED } from './fidelity.js';
import { countAll } from './listing.js';
import { type BucketSelection, selectBuckets } from './selection.js';

export interface BackupContext {
  store: ObjectStore;
  destination: Destination;
  clock: Clock;
  signal: AbortSignal;
  progress: WorkProgress;
  /** Name and version of the program, for the summary. */
  tool: string;
}

export interface FullBackupOptions {
  selection: BucketSelection;
  /** Begin although the disk looks too full for it. */
  ignoreFreeSpace: boolean;
}

/** Copies all selected buckets into a new archive. The backup exists when this resolves. */
export async function backUpFull(
  context: BackupContext,
  options: FullBackupOptions,
): Promise<Summary> {
  const { store, destination, clock, signal, progress } = context;
  const buckets = await chooseBuckets(context, options.selection);
  if (!options.ignoreFreeSpace) await checkFreeSpace(destination);

  const pending = await destination.begin('full', clock);
  try {
    progress.start('backing up');
    const stopCounting = countInBackground(context, buckets);
    try {
      const writer = new ArchiveWriter(pending.sink, pending.id, pending.createdAt);
      const described = await describeBuckets(store, buckets, signal);
      await writer.addDocument('metadata/buckets.json', Buffer.from(toJson(described)));
      const captured = await captureObjects(
        { store, writer, signal, onProgress: (counts) => progress.update(counts) },
        buckets,
      );
      const written = await writer.finish(described);
      signal.throwIfAborted();
      const sealed = await pending.seal();
      const summary = await summarise(context, options, pending, captured, written, sealed);
      signal.throwIfAborted();
      await pending.commit(summary);
      return summary;
    } finally {
      stopCounting();
    }
  } catch (error) {
    await pending.discard();
    throw error;
  }
}

async function chooseBuckets(
  { store, signal }: BackupContext,
  selection: BucketSelection,
): Promise<Bucket[]> {
  const all = await store.listBuckets({ signal });
  const buckets = selectBuckets(all, selection);
  if (buckets.length > 0) return buckets;
  throw new MangamotionError(
    'not_found',
    all.length === 0
      ? `the store at ${store.endpoint} shows no buckets: nothing to back up`
      : 'every bucket is excluded: nothing to back up',
    {
      hint: 'Check the endpoint and the credentials: a user sees only the buckets it has rights to.',
    },
  );
}

/** The last full of this destination tells about how much room the next one needs. */
async function checkFreeSpace(destination: Destination): Promise<void> {
  const last = lastComplete(await destination.list(), 'full');
  const free = await destination.freeBytes();
  if (last === undefined || free === null || free >= last.archive_bytes) return;
  throw new MangamotionError(
    'refused',
    `${destination.location} has ${free} bytes free, and the last full backup took ${last.archive_bytes}`,
    { hint: 'Free some space, or try all the same with --ignore-free-space.' },
  );
}

/** Totals for the progress, from a second listing. The run does not depend on them. */
function countInBackground(
  { store, destination, signal, progress }: BackupContext,
  buckets: readonly Bucket[],
): () => void {
  const done = new AbortController();
  const counting = async () => {
    const { objects, bytes } = await countAll(
      store,
      buckets,
      AbortSignal.any([signal, done.signal]),
    );
    const free = await destination.freeBytes();
    if (done.signal.aborted) return;
    progress.update({ objectsTotal: objects, bytesTotal: bytes });
    if (free !== null && free < bytes) {
      progress.warn(
        `the objects are ${bytes} bytes and ${destination.location} has ${free} free: unless they compress, they will not fit`,
      );
    }
  };
  counting().catch(() => {
    // Whatever keeps the totals from being known meets the run itself too, which reports it.
  });
  return () => done.abort();
}

async function describeBuckets(
  store: ObjectStore,
  buckets: readonly Bucket[],
  signal: AbortSignal,
): Promise<ArchivedBucket[]> {
  const described: ArchivedBucket[] = [];
  for (const { name, createdAt } of buckets) {
    const region = await store.bucketRegion(name, { signal });
    described.push({ name, created_at: createdAt, region });
  }
  return described;
}

function toJson(buckets: readonly ArchivedBucket[]): string {
  return `${JSON.stringify({ buckets }, null, 2)}\n`;
}

async function summarise(
  { store, destination, clock, tool }: BackupContext,
  { selection }: FullBackupOptions,
  { id, createdAt }: PendingBackup,
  captured: CaptureResult,
  written: WrittenArchive,
  sealed: SealedArchive,
): Promise<Summary> {
  const finishedAt = clock.now();
  return {
    format: FORMAT_VERSION,
    id,
    type: 'full',
    status: captured.failures.length === 0 ? 'complete' : 'partial',
    sequence: nextSequence(await destination.list()),
    parent: null,
    references: [],
    destination: destination.location,
    created_at: createdAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_seconds: (finishedAt.getTime() - createdAt.getTime()) / 1000,
    source: {
      endpoint: store.endpoint,
      buckets: selection.only.length === 0 ? null : [...selection.only],
      excluded_buckets: [...selection.excluded],
    },
    objects: {
      total: captured.total,
      captured: captured.captured,
      unchanged: 0,
      changed: captured.changed,
      vanished: captured.vanished,
      failed: captured.failures.length,
    },
    bytes: written.objectBytes,
    archive_bytes: sealed.bytes,
    buckets: written.buckets,
    failures: captured.failures,
    fidelity: { not_captured: [...NOT_CAPTURED] },
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    tool,
  };
}
