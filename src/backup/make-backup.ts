import type { ArchivedBucket, WrittenArchive } from '../archive/archive-writer.js';
import { FORMAT_VERSION } from '../archive/footer.js';
import { isMangamotionError } from '../errors.js';
import { OrderedListings, inOrder } from '../object-store/ordered-listings.js';
import type { Bucket, ObjectStore } from '../object-store/port.js';
import type { WorkProgress } from '../progress.js';
import type {
  Clock,
  Destination,
  PendingBackup,
  SealedArchive,
} from '../repository/destination.js';
import type { DestinationLock } from '../repository/lock/held-lock.js';
import { holding } from '../repository/lock/hold.js';
import { nextSequence } from '../repository/history.js';
import type { BackupType } from '../repository/names.js';
import type { DocumentFidelity, Summary, Suspicion } from '../repository/summary.js';
import { type CaptureResult, capture } from './capture.js';
import type { Step } from './changes.js';
import { captureDocuments } from './documents.js';
import { NOT_CAPTURED, documentFailures } from './fidelity.js';
import { type RetentionAfterwards, pruneAfter } from './prune-after.js';
import { type OpenLeftovers, openLeftovers, salvageFrom } from './salvage.js';
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

/** A run that has the destination for itself. */
export interface HeldContext extends BackupContext {
  leftovers: OpenLeftovers;
  listings: OrderedListings;
  lock: DestinationLock;
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
  /** Lets go of what the steps are read from. */
  close: () => Promise<void>;
}

export interface RunOptions {
  /** For those who find the destination taken: `backup full`. */
  command: string;
  /** How long to wait for another run to end. */
  waitLockMs: number;
  /** What to remove when a complete backup was made; nothing where absent. */
  retention?: RetentionAfterwards | undefined;
}

/**
 * Makes one backup as the only writer of the destination. It exists when this resolves; when it
 * rejects, there is none. What was captured before a signal, or before the store went away, is left
 * for the next run.
 */
export async function makeBackup(
  context: BackupContext,
  { command, waitLockMs, retention }: RunOptions,
  plan: (context: HeldContext) => Promise<BackupPlan>,
): Promise<Summary> {
  const warn = (line: string) => context.progress.warn(line);
  return await holding({ ...context, command, waitMs: waitLockMs, warn }, async (lock, signal) => {
    const leftovers = await openLeftovers(await context.destination.leftovers(), warn);
    const listings = new OrderedListings(context.store);
    const held = { ...context, signal, lock, leftovers, listings };
    try {
      const makeOne = async () => await planAndCarryOut(held, plan);
      const summary = await inOrder(makeOne, (why) => {
        context.progress.warn(
          `${why.message}: its listings are sorted first, and the run begins anew`,
        );
      });
      // They hold objects, which a backup of the metadata does not.
      if (summary.type !== 'metadata') await leftovers.remove();
      if (retention !== undefined) await pruneAfter(held, summary, retention);
      return summary;
    } finally {
      await leftovers.close();
    }
  });
}

async function planAndCarryOut(
  context: HeldContext,
  plan: (context: HeldContext) => Promise<BackupPlan>,
): Promise<Summary> {
  const planned = await plan(context);
  try {
    return await carryOut(context, planned);
  } finally {
    await planned.close();
  }
}

async function carryOut(context: HeldContext, plan: BackupPlan): Promise<Summary> {
  const { destination, clock, signal, progress, lock, leftovers } = context;
  const pending = await destination.begin(plan.type, clock);
  const stopCounting = showExpected(context, plan);
  try {
    progress.start('backing up');
    if (leftovers.sources.length > 0) {
      progress.warn('an earlier run did not end: what it had captured is taken from there');
    }
    const summary = await write(context, plan, pending);
    signal.throwIfAborted();
    await lock.check();
    await pending.commit(summary);
    return summary;
  } catch (error) {
    await end(context, pending, error);
    throw error;
  } finally {
    stopCounting();
  }
}

async function write(
  context: HeldContext,
  plan: BackupPlan,
  pending: PendingBackup,
): Promise<Summary> {
  const { store, signal, progress, leftovers } = context;
  const { writer } = pending;
  const described = await describeBuckets(store, plan.buckets, signal);
  await writer.addDocument('metadata/buckets.json', Buffer.from(toJson(described)));
  const documents = await captureDocuments({ store, writer, signal }, plan.buckets);
  const onProgress = (counts: { objects: number; bytes: number }) => progress.update(counts);
  const steps = salvageFrom(plan.steps, leftovers.sources);
  const captured = await capture({ store, writer, signal, onProgress }, steps);
  const written = await writer.finish(described);
  signal.throwIfAborted();
  const sealed = await pending.seal();
  return await summarise(context, plan, pending, { captured, documents }, written, sealed);
}

/** Whoever comes next may go on after an interruption; after anything else nothing is kept. */
async function end(
  { signal, progress }: BackupContext,
  pending: PendingBackup,
  error: unknown,
): Promise<void> {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (!isMangamotionError(reason, 'interrupted', 'terminated', 'unreachable')) {
    await pending.discard();
    return;
  }
  const left = await pending.breakOff();
  if (left === undefined) return;
  progress.warn(
    `the ${left.objects} objects captured so far stay in ${left.path}: the next backup takes them from there`,
  );
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
  { type, expected }: BackupPlan,
): () => void {
  const done = new AbortController();
  const show = async () => {
    const totals = await expected(AbortSignal.any([signal, done.signal]));
    const free = await destination.freeBytes();
    if (totals === undefined || done.signal.aborted) return;
    progress.update({ objectsTotal: totals.objects, bytesTotal: totals.bytes });
    // What an incremental will copy nobody knows beforehand.
    if (type === 'full' && free !== null && free < totals.bytes) {
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
  const { total, salvaged, unchanged, unverified, changed, vanished } = captured;
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
      ...{ total, captured: captured.captured, salvaged, unchanged, unverified, changed, vanished },
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
