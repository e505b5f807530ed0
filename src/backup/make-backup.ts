import type { ArchivedBucket, WrittenArchive } from '../archive/archive-writer.js';
import { FORMAT_VERSION } from '../archive/footer.js';
import type { Bucket, ObjectStore } from '../object-store/port.js';
import type { WorkProgress } from '../progress.js';
import type {
  Clock,
  Destination,
  PendingBackup,
  SealedArchive,
} from '../repository/destination.js';
import { nextSequence } from '../repository/history.js';
import type { BackupType } from '../repository/names.js';
import type { DocumentFidelity, Summary, Suspicion } from '../repository/summary.js';
import { type CaptureResult, capture } from './capture.js';
import type { Step } from './changes.js';
import { captureDocuments } from './documents.js';
import { NOT_CAPTURED, documentFailures } from './fidelity.js';
import type { BucketSelection } from './selection.js';

export interface BackupContext {
  store: ObjectStore;
  destination: Destination;
  clock: Clock;
  signal: AbortSignal;
  progress: WorkProgress;
  /** Name and version of the program, for the summary. */
  tool: string;
}

/** What kind of backup is made, out of what. */
export interface BackupPlan {
  type: BackupType;
  buckets: readonly Bucket[];
  source: Summary['source'];
  parent: string | null;
  steps: AsyncIterable<readonly Step[]>;
  /** What is to be expected, for the progress; resolves to `undefined` where nobody knows. */
  expected: (signal: AbortSignal) => Promise<{ objects: number; bytes: number } | undefined>;
  /** Asked when all steps are taken. */
  findings: () => { deleted: number; suspicious: Suspicion[] };
}

/** Writes one backup. It exists when this resolves; when it rejects, nothing of it is left. */
export async function makeBackup(context: BackupContext, plan: BackupPlan): Promise<Summary> {
  const { store, destination, clock, signal, progress } = context;
  const pending = await destination.begin(plan.type, clock);
  try {
    progress.start('backing up');
    const stopCounting = showExpected(context, plan);
    try {
      const { writer } = pending;
      const described = await describeBuckets(store, plan.buckets, signal);
      await writer.addDocument('metadata/buckets.json', Buffer.from(toJson(described)));
      const documents = await captureDocuments({ store, writer, signal }, plan.buckets);
      const onProgress = (counts: { objects: number; bytes: number }) => progress.update(counts);
      const captured = await capture({ store, writer, signal, onProgress }, plan.steps);
      const written = await writer.finish(described);
      signal.throwIfAborted();
      const sealed = await pending.seal();
      const taken = { captured, documents };
      const summary = await summarise(context, plan, pending, taken, written, sealed);
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

export function sourceOf(store: ObjectStore, selection: BucketSelection): Summary['source'] {
  return {
    endpoint: store.endpoint,
    buckets: selection.only.length === 0 ? null : [...selection.only],
    excluded_buckets: [...selection.excluded],
  };
}

/** Totals for the progress, found out beside the run, which does not depend on them. */
function showExpected(
  { destination, signal, progress }: BackupContext,
  { expected }: BackupPlan,
): () => void {
  const done = new AbortController();
  const show = async () => {
    const totals = await expected(AbortSignal.any([signal, done.signal]));
    const free = await destination.freeBytes();
    if (totals === undefined || done.signal.aborted) return;
    progress.update({ objectsTotal: totals.objects, bytesTotal: totals.bytes });
    if (free !== null && free < totals.bytes) {
      progress.warn(
        `the objects are ${totals.bytes} bytes and ${destination.location} has ${free} free: unless they compress, they will not fit`,
      );
    }
  };
  show().catch(() => {
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
  { destination, clock, tool }: BackupContext,
  { type, source, parent, findings }: BackupPlan,
  { id, createdAt }: PendingBackup,
  { captured, documents }: { captured: CaptureResult; documents: DocumentFidelity[] },
  written: WrittenArchive,
  sealed: SealedArchive,
): Promise<Summary> {
  const finishedAt = clock.now();
  const { deleted, suspicious } = findings();
  const { total, captured: copied, unchanged, unverified, changed, vanished } = captured;
  const failures = [...documentFailures(documents), ...captured.failures];
  return {
    format: FORMAT_VERSION,
    id,
    type,
    status: suspicious.length > 0 ? 'suspect' : failures.length > 0 ? 'partial' : 'complete',
    sequence: nextSequence(await destination.list()),
    parent,
    references: written.references,
    destination: destination.location,
    created_at: createdAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_seconds: (finishedAt.getTime() - createdAt.getTime()) / 1000,
    source,
    objects: {
      ...{ total, captured: copied, unchanged, unverified, changed, vanished },
      failed: captured.failures.length,
      deleted,
    },
    bytes: written.objectBytes,
    archive_bytes: sealed.bytes,
    buckets: written.buckets,
    failures,
    suspicious,
    fidelity: { not_captured: [...NOT_CAPTURED], documents },
    archive: { file: sealed.file, sha256: sealed.sha256, directory: written.directory },
    tool,
  };
}
