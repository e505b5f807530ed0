import type { ArchivedBucket } from '../archive/archive-writer.js';
import { isMangamotionError } from '../errors.js';
import { OrderedListings, inOrder } from '../object-store/ordered-listings.js';
import type { Bucket, ObjectStore } from '../object-store/port.js';
import type { PendingBackup } from '../repository/destination.js';
import { holding } from '../repository/lock/hold.js';
import type { Summary } from '../repository/summary.js';
import { capture } from './capture.js';
import { captureDocuments } from './documents.js';
import { showExpected } from './expected.js';
import type { BackupContext, BackupPlan, HeldContext, RunOptions } from './plan.js';
import { pruneAfter } from './prune-after.js';
import { openLeftovers, salvageFrom } from './salvage.js';
import { summarise } from './summarise.js';

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
