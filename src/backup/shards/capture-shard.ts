import { MangamotionError } from '../../errors.js';
import { type ListingDoubt, listToTheEnd } from '../../object-store/order/listing-to-the-end.js';
import { ListingUnreliable, OrderedListings } from '../../object-store/order/ordered-listings.js';
import type { ListedObject } from '../../object-store/port.js';
import { RunFaults } from '../../object-store/run-faults.js';
import { whyListingsAreDoubted } from '../../object-store/server-findings.js';
import type { PendingBackup } from '../../repository/destination.js';
import { type RunPlan, newPartId } from '../../repository/runs/run-plan.js';
import { sealOf } from '../../repository/runs/runs.js';
import type { KeyRange, Summary } from '../../repository/summary.js';
import { captureObjects } from '../capture/capture-objects.js';
import { openEarlier } from '../full.js';
import { STRICT_GUARD } from '../plan/backup-plan.js';
import type { Baseline } from '../plan/baseline.js';
import { findChanges } from '../plan/changes.js';
import { OpenLeftovers } from '../plan/leftovers.js';
import { type ListedInBucket, ListingReport, describeDoubt } from '../plan/listing.js';
import { ListingTrust } from '../plan/listing-trust.js';
import { openBaseline } from '../plan/plan-objects.js';
import { signedForUse } from '../plan/signed.js';
import { summarise } from '../summarise.js';
import { withoutNames } from '../without-names.js';
import { Division } from './division.js';
import { isWithin } from '../../ranges/key-range.js';
import type { ShardContext, SplitLimits } from './shard-context.js';
import { type RangeListing, listRange } from '../../ranges/list-range.js';

/** A range of keys that becomes a part. */
export interface Shard {
  number: number;
  range: KeyRange;
  /** The store no longer has the bucket, and the earlier backup does. */
  isGone?: boolean | undefined;
  /**
   * Why the range is not listed: what the earlier backup holds of it is taken over, and the failure is
   * named. Absent: it is.
   */
  givenUp?: MangamotionError | undefined;
  /** When the end of the range is given away to other workers; absent: never. */
  limits?: SplitLimits | undefined;
}

/**
 * Captures a range of keys into a part at the destination. Resolves to its manifest once it exists; after
 * a rejection it does not.
 */
export async function captureShard(
  context: ShardContext,
  plan: RunPlan,
  shard: Shard,
): Promise<Summary> {
  const listings = new OrderedListings(context.store);
  const trust = new ListingTrust({
    trustsNone: whyListingsAreDoubted(context.findings) !== undefined,
  });
  for (let asWhole = false; ;) {
    const { size } = trust.untrusted;
    try {
      return await attempt({ ...context, listings, trust, asWhole }, plan, shard);
    } catch (error) {
      const hidesNames = plan.recipients.length > 0;
      if (!(error instanceof ListingUnreliable)) {
        const { store, destination, signal } = context;
        if (!hidesNames || signal.aborted) throw error;
        throw withoutNames(error, {
          store: store.endpoint,
          destination: destination.excludesBucket,
        });
      }
      const { message, nameless, remedy } = error;
      context.progress.warn(
        `${hidesNames ? nameless : message}: ${remedy}, and the shard starts over`,
      );
      asWhole ||= trust.untrusted.size === size;
    }
  }
}

interface Attempt extends ShardContext {
  listings: OrderedListings;
  trust: ListingTrust;
  /** The bucket is listed as a whole, because its listing from a key on is not reliable. */
  asWhole: boolean;
}

async function attempt(context: Attempt, plan: RunPlan, shard: Shard): Promise<Summary> {
  const { destination, clock, trust } = context;
  trust.begin();
  const baseline = await openPlanned(context, plan);
  try {
    const reserved = { id: newPartId(plan, shard.number), createdAt: clock.now() };
    const retention = plan.lock ?? undefined;
    const pending = await destination.beginAs(reserved, clock, retention);
    try {
      return await writePart(context, plan, shard, { pending, baseline });
    } catch (error) {
      await pending.discard();
      throw error;
    }
  } finally {
    await baseline?.close();
  }
}

/** Opens the earlier backup as the plan says. */
async function openPlanned(
  context: ShardContext,
  { earlier, type }: RunPlan,
): Promise<Baseline | undefined> {
  if (earlier === null) return undefined;
  const { destination } = context;
  const backup = await destination.read(earlier);
  if (type === 'full') {
    const { summary } = backup;
    if (summary.kind === 'valid')
      return await openEarlier(context, { backup, summary: summary.summary });
    throw new MangamotionError('damaged', `the summary of ${earlier} cannot be read`);
  }
  const checked = await signedForUse(destination, backup);
  if ('backup' in checked) return await openBaseline(context, checked.backup, 'incremental');
  throw new MangamotionError('refused', `${earlier} cannot be the parent: ${checked.why}`);
}

async function writePart(
  context: Attempt,
  plan: RunPlan,
  { number, range: wanted, isGone, givenUp, limits }: Shard,
  { pending, baseline }: { pending: PendingBackup; baseline: Baseline | undefined },
): Promise<Summary> {
  const { store, signal, clock } = context;
  const { bucket } = wanted;
  // Its end moves when it is divided.
  const range = { ...wanted };
  const startedAt = clock.now();
  const listing = new ListingReport();
  const faults = new RunFaults(store, [bucket]);
  const isListed = givenUp === undefined && isGone !== true;
  // Of a range that the earlier backup holds the weight was known when the run was planned.
  const mayDivide = limits !== undefined && baseline?.mayHold(range) !== true;
  const division = mayDivide ? new Division(context, plan, range, limits) : undefined;
  const listed = isListed ? list(context, { range, startedAt, faults, division }, listing) : none();
  if (givenUp !== undefined) listing.failed.set(bucket, givenUp);
  const steps = findChanges(listed, baseline?.chunks(range) ?? none(), {
    type: plan.type,
    refresh: plan.refresh_metadata,
    lacked: (line) => baseline?.lacked(line),
    hasFailed: () => listing.failed.has(bucket),
  });
  const lastTrusted = plan.last_trusted === null ? undefined : { id: plan.last_trusted };
  const objectPlan = {
    ...{ baseline, lastTrusted, acls: plan.acls, faults, startedAt, steps, listing, unusable: [] },
    // The head of the run adds those of the earlier backup once.
    inheritedLosses: [],
  };
  const capturing = { ...context, leftovers: new OpenLeftovers([], [], () => undefined) };
  const captured = await captureObjects(capturing, objectPlan, pending, new Set(plan.lockable));
  const written = await pending.writer.finish([{ name: bucket, created_at: null, region: null }]);
  signal.throwIfAborted();
  const sealed = await pending.seal();
  const seal = await sealOf(context.destination.vault, plan);
  const shard = {
    ...{ run: plan.run, token: plan.token, number, range: seal.seal(range) },
    ...(isGone === true ? { gone: true as const } : {}),
    ...(givenUp === undefined ? {} : { given_up: true as const }),
  };
  const objects = { ...captured, shard };
  const documents = { fidelity: [], failures: [], lockable: new Set<string>(), versioned: [] };
  const findings = { objects, documents, redis: undefined, locked: undefined };
  const { type, source, acls } = plan;
  const told = {
    ...{ type, source, acls, baseline, listing, guard: STRICT_GUARD },
    ...{ parent: type === 'incremental' ? plan.earlier : null, lastTrusted: undefined },
  };
  const manifest = await summarise(context, told, pending, findings, written, sealed);
  signal.throwIfAborted();
  return await pending.commit(manifest);
}

interface Listing {
  range: KeyRange;
  startedAt: Date;
  faults: RunFaults;
  division: Division | undefined;
}

/** Yields what the store has in a range. A listing that fails is named in the report, and ends there. */
async function* list(
  { store, listings, signal, asWhole }: Attempt,
  { range, startedAt, faults, division }: Listing,
  report: ListingReport,
): AsyncGenerator<ListedInBucket[]> {
  const { bucket } = range;
  const onDoubt = (doubt: ListingDoubt) => report.notices.add(describeDoubt(doubt, bucket));
  const context = { store, listings, startedAt, onDoubt };
  const pages = asWhole
    ? listWithin(context, range, { signal })
    : listRange(context, range, { signal });
  try {
    for await (const page of pages) {
      const within = page.filter(({ key }) => isWithin(range, key));
      if (within.length > 0) yield within.map((object) => ({ bucket, object }));
      if (within.length < page.length) return;
      await division?.after(page);
    }
  } catch (error) {
    if (listings.isUnreliable(error)) throw error;
    report.failed.set(bucket, await faults.classify(bucket, error, signal));
  }
}

/** Lists the bucket as a whole, for servers whose listings from a key on are not reliable. */
async function* listWithin(
  context: RangeListing,
  range: KeyRange,
  options: { signal: AbortSignal },
): AsyncGenerator<readonly ListedObject[]> {
  for await (const page of listToTheEnd(context, range.bucket, options)) {
    const within = page.filter(({ key }) => isWithin(range, key));
    if (within.length > 0) yield within;
  }
}

// oxlint-disable-next-line typescript/require-await -- it stands in for a listing or an index
async function* none(): AsyncGenerator<never> {
  yield* [];
}
