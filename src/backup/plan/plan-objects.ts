import { countOf, formatCount } from '../../count-of.js';
import { MangamotionError } from '../../errors.js';
import { whyListingsAreDoubted } from '../../object-store/server-findings.js';
import { RunFaults } from '../../object-store/run-faults.js';
import type { BackupEntry } from '../../repository/destination.js';
import { lastComplete } from '../../repository/history.js';
import { openWithFailures } from '../../repository/whole-summary.js';
import { type Summary, objectsIn } from '../../repository/summary.js';
import { storedBytesOf } from '../../repository/parts.js';
import { Baseline, isUnreadable } from './baseline.js';
import { findChanges } from './changes.js';
import { chooseBuckets } from './choose-buckets.js';
import { ListingReport, countAll, listAll } from './listing.js';
import {
  type BackupOptions,
  type BackupPlan,
  type HeldContext,
  STRICT_GUARD,
  sourceOf,
} from './backup-plan.js';

export interface EarlierBackups {
  /** The backup with which the store is compared object by object. */
  baseline: Baseline | undefined;
  /** The last trusted backup of the line. The baseline is another one if this cannot be read. */
  lastTrusted: Summary | undefined;
}

export async function planObjects(
  context: HeldContext,
  options: BackupOptions & { refreshMetadata?: boolean },
  type: 'full' | 'incremental',
  { baseline, lastTrusted }: EarlierBackups,
): Promise<BackupPlan> {
  const { store, clock, signal, listings, trust } = context;
  const startedAt = clock.now();
  const chosen = await chooseBuckets(context, options.selection, lastTrusted);
  const { buckets } = chosen;
  const faults = new RunFaults(
    store,
    buckets.map(({ name }) => name),
  );
  const listing = new ListingReport();
  const doubt = whyListingsAreDoubted(context.findings);
  if (doubt !== undefined) {
    listing.notices.add(`${doubt}; each object that a listing lacked was looked for by name`);
  }
  trust.begin();
  const listed = listAll({ store, listings, faults, signal, startedAt }, buckets, listing);
  const unusable = new Set(chosen.unusable.map(({ bucket }) => bucket));
  const steps = findChanges(listed, baseline?.chunks() ?? nothing(), {
    type,
    refresh: options.refreshMetadata ?? false,
    lacked: (line) => baseline?.lacked(line),
    hasFailed: (bucket) => listing.failed.has(bucket) || unusable.has(bucket),
  });
  return {
    type,
    ...chosen,
    source: sourceOf(store, options),
    parent: type === 'incremental' ? (baseline?.id ?? null) : null,
    baseline,
    lastTrusted,
    inheritedLosses: baseline?.inheritedLosses ?? [],
    guard: options.guard ?? STRICT_GUARD,
    acls: options.acls ?? false,
    redis: options.redis,
    faults,
    startedAt,
    steps,
    listing,
    expected: (ending) => expectedOf(context, type, buckets, baseline, ending),
    close: async () => await baseline?.close(),
  };
}

/** Resolves to the totals. For an incremental backup, those of the earlier one: the least to expect. */
async function expectedOf(
  { store }: HeldContext,
  type: 'full' | 'incremental',
  buckets: BackupPlan['buckets'],
  baseline: Baseline | undefined,
  signal: AbortSignal,
): Promise<{ objects: number; bytes: number }> {
  if (type === 'full' || baseline === undefined) return await countAll(store, buckets, signal);
  return { objects: objectsIn(baseline.summary), bytes: baseline.summary.bytes };
}

/** Opens the backup to compare with. A full backup falls back to the counts in its summary. */
export async function openBaseline(
  { destination, progress }: Pick<HeldContext, 'destination' | 'progress'>,
  backup: BackupEntry,
  type: 'full' | 'incremental',
): Promise<Baseline> {
  const { summary } = backup;
  if (summary.kind !== 'valid') {
    throw new MangamotionError('damaged', `the summary of ${backup.id} cannot be read`);
  }
  try {
    const open = await openWithFailures({ destination, backup });
    return new Baseline(type, open.summary, open);
  } catch (error) {
    if (type === 'incremental' || !isUnreadable(error)) throw error;
    progress.warn(
      `${backup.id} cannot be read, so this backup is compared with the counts in its summary: ${error.message}`,
    );
    return new Baseline(type, summary.summary, undefined, error.message);
  }
}

/**
 * Checks that there is room for as much as the last full backup took. Removes the leftovers of
 * earlier runs if that is enough. Rejects with `refused` otherwise.
 */
export async function makeRoom({ destination, progress, leftovers }: HeldContext): Promise<void> {
  const last = lastComplete(await destination.list(), 'full');
  const free = await destination.freeBytes();
  if (last === undefined || free === null) return;
  const taken = storedBytesOf(last);
  if (free >= taken) return;
  if (free + leftovers.sizeBytes >= taken) {
    progress.warn('objects that an earlier run captured are removed: there is no room for both');
    await leftovers.remove();
    return;
  }
  throw new MangamotionError(
    'refused',
    `${destination.location} has ${countOf(free, 'byte')} free, but the last full backup took ${formatCount(taken)}`,
    { hint: 'Free some space, or use --ignore-free-space to try anyway.' },
  );
}

// oxlint-disable-next-line typescript/require-await -- it stands in for an index
async function* nothing(): AsyncGenerator<never> {
  yield* [];
}
