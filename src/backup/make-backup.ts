import { countOf, formatCount } from '../count-of.js';
import { isMangamotionError } from '../errors.js';
import {
  ListingUnreliable,
  OrderedListings,
  inOrder,
} from '../object-store/order/ordered-listings.js';
import { whyListingsAreDoubted } from '../object-store/server-findings.js';
import type { Retention } from '../object-store/port.js';
import type { PendingBackup } from '../repository/destination.js';
import { endRun, findAllLeftovers } from '../repository/runs/run-leftovers.js';
import type { DestinationLock } from '../lock/held-lock.js';
import { withLock } from '../repository/with-lock.js';
import { prune } from '../repository/retention/prune.js';
import {
  OLDER_VERSIONS,
  type RedisSummary,
  type Summary,
  objectsIn,
} from '../repository/summary.js';
import { captureObjects, earlierIsUnknown } from './capture/capture-objects.js';
import { ParentUnreadable } from './plan/baseline.js';
import { type CapturedDocuments, captureBuckets, captureDocuments } from './capture/documents.js';
import { ListingTrust } from './plan/listing-trust.js';
import { captureRedis } from './capture/redis-keys.js';
import type {
  BackupContext,
  BackupPlan,
  HeldContext,
  RetentionAfterwards,
  RunOptions,
} from './plan/backup-plan.js';
import { nameLeftovers, openLeftovers } from './plan/leftovers.js';
import { Protection } from './protection.js';
import type { ObjectFindings } from './object-findings.js';
import { summarise } from './summarise.js';
import { withoutNames } from './without-names.js';

type Planner = (context: HeldContext) => Promise<BackupPlan>;

/**
 * Makes a backup under the lock of the destination, then applies the retention. Resolves once the
 * backup exists; after a rejection there is none. If it was interrupted, or the store became
 * unreachable, the captured objects are left for the next run. `fallback` plans another backup where the
 * parent proves to be damaged after it was chosen.
 */
export async function makeBackup(
  context: BackupContext,
  options: RunOptions,
  plan: Planner,
  fallback?: Planner,
): Promise<Summary> {
  const { destination, store } = context;
  try {
    return await makeLocked(context, options, plan, fallback);
  } catch (error) {
    if (destination.vault.recipients.length === 0) throw error;
    const endpoints = { store: store.endpoint, destination: destination.excludesBucket };
    throw withoutNames(error, endpoints);
  }
}

async function makeLocked(
  context: BackupContext,
  options: RunOptions,
  plan: Planner,
  fallback: Planner | undefined,
): Promise<Summary> {
  const { command, waitLockMs, retention, locks, captureObjects: captureAll, reserved } = options;
  const isEncrypted = context.destination.vault.recipients.length > 0;
  const warn = (line: string) => context.progress.warn(line);
  const protection =
    locks === undefined ? undefined : await Protection.prepare({ ...context, warn }, locks);
  return await withLock({ ...context, command, waitMs: waitLockMs, warn }, async (lock, signal) => {
    await options.confirm?.();
    const listings = new OrderedListings(context.store);
    const doubt = whyListingsAreDoubted(context.findings);
    const trust = new ListingTrust({ trustsNone: doubt !== undefined });
    const held = {
      ...{ ...context, signal, lock, listings, trust, protection },
      ...{ captureObjects: captureAll, reserved },
    };
    const attempt = (planner: Planner): Promise<Summary> =>
      inOrder(
        () => makeAttempt(held, planner),
        ({ message, nameless, remedy }) =>
          warn(`${isEncrypted ? nameless : message}: ${remedy}, and the run starts over`),
      );
    const summary = await attempt(plan).catch((error: unknown) => {
      if (fallback === undefined || !(error instanceof ParentUnreadable)) throw error;
      warn(`${error.message}. Making a full backup`);
      return attempt(fallback);
    });
    const mayPrune = context.destination.appendOnly !== true;
    if (retention !== undefined && mayPrune) await pruneAfter(held, summary, retention);
    await protection?.end();
    return summary;
  });
}

/** Plans and writes the backup. It reuses the leftovers of earlier runs, then removes them. */
async function makeAttempt(
  context: Omit<HeldContext, 'leftovers'>,
  plan: Planner,
): Promise<Summary> {
  const { destination, progress } = context;
  progress.start('listing');
  const warn = (line: string) => progress.warn(line);
  const now = context.clock.now();
  const goesOn = context.reserved?.id;
  const found = await findAllLeftovers(destination, { goesOn, now, warn });
  if (destination.appendOnly === true) nameLeftovers(found, warn);
  const leftovers = await openLeftovers(destination.appendOnly === true ? [] : found, warn);
  const held = { ...context, leftovers };
  try {
    const planned = await plan(held);
    try {
      const summary = await carryOut(held, planned);
      // A metadata backup must not remove leftovers, because they hold objects.
      if (summary.type !== 'metadata') await leftovers.remove();
      if (context.captureObjects !== undefined) await endRunAfter(held, summary);
      return summary;
    } finally {
      await planned.close();
    }
  } finally {
    await leftovers.close();
  }
}

/** Removes what a run of parts has left. If that fails, the new backup remains valid. */
async function endRunAfter(
  { destination, signal, progress }: HeldContext,
  summary: Summary,
): Promise<void> {
  try {
    await endRun(destination, summary);
  } catch (error) {
    if (!isMangamotionError(error) || signal.aborted) throw error;
    progress.warn(`${summary.id} is complete, but what its run left stays: ${error.message}`);
  }
}

async function carryOut(context: HeldContext, plan: BackupPlan): Promise<Summary> {
  const { signal, progress, lock, leftovers, protection } = context;
  const retentionOf = protection && ((createdAt: Date) => protection.retentionOf(createdAt));
  const pending = await beginOrGoOn(context, plan, retentionOf);
  const stopCounting = showExpected(context, plan);
  try {
    progress.start('copying');
    if (leftovers.sources.length > 0) {
      progress.warn('an earlier run did not finish: this backup reuses what it captured');
    }
    const summary = await write(context, plan, pending);
    signal.throwIfAborted();
    return await commit(context, pending, summary);
  } catch (error) {
    // Whoever took over the lock may be writing the same backup: the id is that of the run.
    const mayBeShared = context.captureObjects !== undefined;
    if (mayBeShared && !(await holds(lock))) await pending.abandon();
    else await end(context, pending, error);
    throw error;
  } finally {
    stopCounting();
  }
}

/** Begins a backup under a new id, or goes on with one whose id was chosen before. */
async function beginOrGoOn(
  { destination, clock, reserved }: HeldContext,
  { type }: BackupPlan,
  retentionOf: ((createdAt: Date) => Retention) | undefined,
): Promise<PendingBackup> {
  if (reserved === undefined) return await destination.begin(type, clock, retentionOf);
  return await destination.beginAs(reserved, clock, retentionOf?.(reserved.createdAt));
}

async function commit(
  { lock, captureObjects: captureAll }: HeldContext,
  pending: PendingBackup,
  summary: Summary,
): Promise<Summary> {
  await lock.check();
  if (captureAll === undefined) return await pending.commit(summary);
  return await pending.commit(summary, () => lock.check());
}

/** Resolves to true only if this process certainly still holds the lock. */
async function holds(lock: DestinationLock): Promise<boolean> {
  return await lock.check().then(
    () => true,
    () => false,
  );
}

async function write(
  context: HeldContext,
  plan: BackupPlan,
  pending: PendingBackup,
): Promise<Summary> {
  const { store, signal } = context;
  const { faults, baseline } = plan;
  const { writer } = pending;
  const reading = { store, faults, signal };
  const described = await captureBuckets({ ...reading, writer }, plan.buckets);
  const documents = await captureDocuments({ ...reading, writer, baseline }, plan.buckets);
  const redis = await captureKeys(context, plan, writer);
  const captureAll = context.captureObjects ?? captureObjects;
  const objects = await captureAll(context, plan, pending, documents.lockable);
  addDocuments(objects, plan, documents);
  const written = await writer.finish(described);
  signal.throwIfAborted();
  if (context.captureObjects !== undefined) await context.lock.check();
  const sealed = await pending.seal();
  const locked = await context.protection?.extend(pending.createdAt, written.references);
  const findings = { objects, documents, redis, locked };
  return await summarise(context, plan, pending, findings, written, sealed);
}

/** Adds what could not be read of the documents, and what no backup holds of these buckets. */
function addDocuments(
  { failures, losses, earlierUnreadable }: ObjectFindings,
  plan: BackupPlan,
  documents: CapturedDocuments,
): void {
  for (const failure of documents.failures) {
    const isCarried = failure.carried_from !== undefined;
    failures.add(failure, !isCarried && earlierIsUnknown(plan, earlierUnreadable));
  }
  for (const bucket of documents.versioned) {
    losses.add(bucket, OLDER_VERSIONS, undefined, 'only current versions are captured');
  }
}

/** Resolves to `undefined` where the backup is without Redis. */
async function captureKeys(
  { clock, signal, progress }: HeldContext,
  { redis }: BackupPlan,
  writer: PendingBackup['writer'],
): Promise<RedisSummary | undefined> {
  if (redis === undefined) return undefined;
  progress.phase('copying Redis');
  const captured = await captureRedis(redis, {
    ...{ writer, signal, now: () => clock.now() },
    onProgress: () => undefined,
    warn: (line) => progress.warn(line),
  });
  progress.phase();
  return captured;
}

/** Keeps the captured objects if the next run can continue after the error, or discards them. */
async function end(
  { signal, progress }: BackupContext,
  pending: PendingBackup,
  error: unknown,
): Promise<void> {
  const reason: unknown = signal.aborted ? signal.reason : error;
  const canGoOn =
    reason instanceof ListingUnreliable ||
    reason instanceof ParentUnreadable ||
    isMangamotionError(reason, 'interrupted', 'terminated', 'unreachable');
  const left = canGoOn ? await pending.endEarly() : undefined;
  if (!canGoOn) await pending.discard();
  for (const line of pending.left ?? []) progress.warn(line);
  if (left === undefined) return;
  const { objects, path } = left;
  const what =
    objects === 1
      ? 'the object captured so far stays'
      : `the ${countOf(objects, 'object')} captured so far stay`;
  progress.warn(`${what} in ${path} for the next backup`);
}

/** Adds the totals to the progress once they are known. Returns a function that stops it. */
function showExpected(
  { destination, signal, progress, captureObjects: isDivided }: HeldContext,
  { type, expected, baseline }: BackupPlan,
): () => void {
  const done = new AbortController();
  const ofEarlier = () =>
    baseline && { objects: objectsIn(baseline.summary), bytes: baseline.summary.bytes };
  const show = async () => {
    // The head of a run of shards lists nothing by itself: it is there for stores that take hours to list.
    const totals =
      isDivided === undefined
        ? await expected(AbortSignal.any([signal, done.signal]))
        : ofEarlier();
    const free = await destination.freeBytes();
    if (totals === undefined || done.signal.aborted) return;
    // What an incremental backup has to copy nobody knows before the end of its listing.
    if (type === 'full')
      progress.update({ objectsTotal: totals.objects, bytesTotal: totals.bytes });
    else progress.update({ objectsTotal: totals.objects, totalsGrow: true });
    if (type === 'full' && free !== null && free < totals.bytes) {
      progress.warn(
        `the objects are ${countOf(totals.bytes, 'byte')} and ${destination.location} has ${formatCount(free)} free: unless they compress, they will not fit`,
      );
    }
  };
  show().catch(() => {
    // The backup itself meets and reports the same error.
  });
  return () => done.abort();
}

/**
 * Prunes the line and the type of the new backup under the same lock. A trusted backup may replace
 * any other, a suspect one only suspects. If pruning fails, the new backup remains valid.
 */
async function pruneAfter(
  { destination, clock, signal, progress }: BackupContext,
  { id, type }: Summary,
  { policy, onPruned }: RetentionAfterwards,
): Promise<void> {
  progress.start('pruning');
  try {
    const options = { dryRun: false, signal, now: clock.now(), type, after: id };
    onPruned(await prune(destination, policy, options));
  } catch (error) {
    if (!isMangamotionError(error) || signal.aborted) throw error;
    progress.warn(`${id} is complete, but pruning stopped: ${error.message}`);
  }
}
