import type { ArchivedBucket } from '../archive/archive-writer.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import {
  ListingUnreliable,
  OrderedListings,
  inOrder,
} from '../object-store/order/ordered-listings.js';
import type { ObjectStore } from '../object-store/port.js';
import type { PendingBackup } from '../repository/destination.js';
import type { DestinationLock } from '../lock/held-lock.js';
import { holding } from '../repository/hold.js';
import type { Summary } from '../repository/summary.js';
import { capture } from './capture/steps.js';
import { captureDocuments } from './capture/documents.js';
import { showExpected } from './expected.js';
import { CaptureLedger } from './capture/ledger.js';
import { ListingTrust } from './plan/listing-trust.js';
import { ObjectParts } from './capture/object-parts.js';
import type { BackupContext, BackupPlan, HeldContext, RunOptions } from './plan/backup-plan.js';
import { pruneAfter } from './prune-after.js';
import { openLeftovers, salvageFrom } from './plan/leftovers.js';
import { summarise } from './summarise.js';

type Planner = (context: HeldContext) => Promise<BackupPlan>;

/**
 * Makes one backup as the only writer of the destination. It exists when this resolves; when it
 * rejects, there is none. What was captured before a signal, or before the store went away, is left
 * for the next run.
 */
export async function makeBackup(
  context: BackupContext,
  { command, waitLockMs, retention }: RunOptions,
  plan: Planner,
): Promise<Summary> {
  const warn = (line: string) => context.progress.warn(line);
  return await holding({ ...context, command, waitMs: waitLockMs, warn }, async (lock, signal) => {
    const listings = new OrderedListings(context.store);
    const trust = new ListingTrust();
    const held = { ...context, signal, lock, listings, trust };
    const summary = await inOrder(
      () => makeOne(held, plan),
      (why) => warn(`${why.message}: ${why.remedy}, and the run begins anew`),
    );
    if (retention !== undefined) await pruneAfter(held, summary, retention);
    return summary;
  });
}

/** Takes from what earlier runs left, and removes that when the backup is made. */
async function makeOne(context: Omit<HeldContext, 'leftovers'>, plan: Planner): Promise<Summary> {
  const { destination, progress } = context;
  const warn = (line: string) => progress.warn(line);
  const leftovers = await openLeftovers(await destination.leftovers(), warn);
  const held = { ...context, leftovers };
  try {
    const planned = await plan(held);
    try {
      const summary = await carryOut(held, planned);
      // They hold objects, which a backup of the metadata does not.
      if (summary.type !== 'metadata') await leftovers.remove();
      return summary;
    } finally {
      await planned.close();
    }
  } finally {
    await leftovers.close();
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
    await commit(lock, pending, summary);
    return summary;
  } catch (error) {
    await end(context, pending, error);
    throw error;
  } finally {
    stopCounting();
  }
}

async function commit(
  lock: DestinationLock,
  pending: PendingBackup,
  summary: Summary,
): Promise<void> {
  await lock.check();
  await pending.commit(summary);
}

async function write(
  context: HeldContext,
  plan: BackupPlan,
  pending: PendingBackup,
): Promise<Summary> {
  const { store, signal, progress, leftovers, trust } = context;
  const { faults, baseline, startedAt, acls } = plan;
  const { writer } = pending;
  const described = await describeBuckets(store, plan, signal);
  await writer.addDocument('metadata/buckets.json', Buffer.from(toJson(described)));
  const reading = { store, faults, signal };
  const documents = await captureDocuments({ ...reading, writer, baseline }, plan.buckets);
  const ledger = openLedger(plan, pending);
  const parts = new ObjectParts(reading, { acls, lockable: documents.lockable });
  const onProgress = (counts: { objects: number; bytes: number }) => progress.update(counts);
  const steps = salvageFrom(plan.steps, leftovers.sources);
  await capture(
    { ...reading, parts, writer, ledger, baseline, trust, startedAt, onProgress },
    steps,
  );
  ledger.refuseIfAllDenied();
  nameBuckets(ledger, plan, context);
  for (const failure of documents.failures) ledger.documentFailed(failure);
  for (const bucket of documents.versioned) {
    ledger.losses.add(bucket, 'older versions', undefined, 'only current versions are captured');
  }
  const written = await writer.finish(described);
  signal.throwIfAborted();
  const sealed = await pending.seal();
  return await summarise(context, plan, pending, { ledger, documents }, written, sealed);
}

function openLedger({ baseline, newest }: BackupPlan, { createdAt }: PendingBackup): CaptureLedger {
  const ledger = new CaptureLedger({
    earlier: baseline,
    earlierIsUnknown: () =>
      newest !== undefined && (baseline?.id !== newest.id || baseline.unreadable !== undefined),
    createdAt: createdAt.toISOString(),
  });
  ledger.losses.inherit(baseline?.inheritedLosses ?? []);
  return ledger;
}

/** Names the buckets that could not be listed, or whose listing cannot be trusted. */
function nameBuckets(
  ledger: CaptureLedger,
  { unusable, listing, baseline }: BackupPlan,
  { trust }: HeldContext,
): void {
  for (const { bucket, error } of unusable) ledger.bucketFailed(bucket, error);
  for (const [bucket, error] of listing.failed) ledger.bucketFailed(bucket, error);
  for (const [bucket, key] of trust.untrusted) {
    const count = trust.found.get(bucket) ?? 0;
    const message = `the server's listing of ${bucket} leaves out objects that are there, such as ${JSON.stringify(key)}: ${count} were found by asking for what ${baseline?.id ?? 'an earlier backup'} holds; newer ones may be missing`;
    ledger.bucketFailed(
      bucket,
      new MangamotionError('damaged', message, {
        request: { operation: 'ListObjectsV2', status: 200, code: '' },
      }),
    );
  }
}

/** Whoever comes next may go on after an interruption; after anything else nothing is kept. */
async function end(
  { signal, progress }: BackupContext,
  pending: PendingBackup,
  error: unknown,
): Promise<void> {
  const reason: unknown = signal.aborted ? signal.reason : error;
  const goesOn =
    reason instanceof ListingUnreliable ||
    isMangamotionError(reason, 'interrupted', 'terminated', 'unreachable');
  if (!goesOn) {
    await pending.discard();
    return;
  }
  const left = await pending.breakOff();
  if (left === undefined) return;
  progress.warn(
    `the ${left.objects} objects captured so far stay in ${left.path}: the next backup takes them from there`,
  );
}

/** The region is a convenience: a server that does not tell it, tells none. */
async function describeBuckets(
  store: ObjectStore,
  { buckets, faults }: BackupPlan,
  signal: AbortSignal,
): Promise<ArchivedBucket[]> {
  const described: ArchivedBucket[] = [];
  for (const { name, createdAt } of buckets) {
    let region: string | null = null;
    try {
      region = await store.bucketRegion(name, { signal });
    } catch (error) {
      await faults.judge(name, error, signal);
    }
    described.push({ name, created_at: createdAt, region });
  }
  return described;
}

function toJson(buckets: readonly ArchivedBucket[]): string {
  return `${JSON.stringify({ buckets }, null, 2)}\n`;
}
