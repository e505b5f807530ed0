import { OrderedListings } from '../../object-store/order/ordered-listings.js';
import { whyListingsAreDoubted } from '../../object-store/server-findings.js';
import type { Clock, Destination, ReservedBackup } from '../../repository/destination.js';
import { BACKUP_ID_START, backupIdFor, isOfBackup } from '../../repository/names.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { writePlan } from '../../repository/runs/runs.js';
import { withLock } from '../../repository/with-lock.js';
import { planFull } from '../full.js';
import { type IncrementalOptions, planIncremental } from '../incremental.js';
import {
  type BackupContext,
  type BackupOptions,
  type HeldContext,
  sourceOf,
} from '../plan/backup-plan.js';
import { OpenLeftovers } from '../plan/leftovers.js';
import { ListingTrust } from '../plan/listing-trust.js';
import { Protection } from '../protection.js';
import { captureShard } from './capture-shard.js';
import { coverageOf } from './coverage.js';
import { lockableBuckets } from './lockable-buckets.js';
import { PartList } from './part-list.js';
import { planRun } from './plan-run.js';
import { checkPlanned, plannedRun, warnOfOldPlan } from './planned-runs.js';
import { refuseAppendOnlyRun } from './refuse-append-only.js';

/** How long a share waits, in ms, while another share plans the run. */
const PLANNING_MS = 900_000;

export interface OwnShards {
  /** The name of the run. */
  run: string;
  /** Which of how many equal shares of the shards: from 1. */
  share: { index: number; of: number };
}

export interface CapturedShare {
  run: string;
  name: string;
  share: number;
  shares: number;
  /** The ids of the parts that were captured. */
  parts: string[];
  /** Objects that were copied into the parts, and their bytes. */
  objects: number;
  bytes: number;
  /** Objects whose bytes lie in an earlier archive, and objects that vanished meanwhile. */
  unchanged: number;
  vanished: number;
  /** Shards of this share that were there before. */
  already: number;
  /** The number of failures in the manifests of the captured parts. */
  failures: number;
  /** Ranges of the run that are not there yet, and how many of them are those of this share. */
  missing: number;
  missing_own: number;
}

/** Returns whether the command of a share ends as partial: objects failed, or ranges have no part. */
export function isPartialShare({
  failures,
  missing_own: missing,
}: Pick<CapturedShare, 'failures' | 'missing_own'>): boolean {
  return failures + missing > 0;
}

/**
 * Captures one share of the shards of a named run, without a queue. The first to come makes the plan, under the
 * lock of the destination; the others read it.
 */
export async function captureOwnShards(
  context: BackupContext,
  type: 'full' | 'incremental',
  options: BackupOptions & Partial<Pick<IncrementalOptions, 'parent' | 'refreshMetadata'>>,
  { run: name, share }: OwnShards,
): Promise<CapturedShare> {
  const { destination, progress } = context;
  refuseAppendOnlyRun(destination);
  const warn = (line: string): void => progress.warn(line);
  const plan =
    (await plannedRun(destination, name, warn)) ??
    (await planNamed(context, type, options, { run: name, share }));
  const { store, tool } = context;
  const { acls = false, refreshMetadata = false } = options;
  checkPlanned(plan, { type, source: sourceOf(store, options), tool, acls, refreshMetadata });
  warnOfOldPlan(plan, context.clock.now(), warn);
  const parts = new PartList(destination, plan, warn);
  await parts.refresh();
  const before = coverageOf(plan, parts.parts);
  const isOwn = (shard: number): boolean => shard % share.of === share.index - 1;
  const own = before.gaps.filter(({ shard }) => isOwn(shard));
  const captured: CapturedShare = {
    ...{ run: plan.run, name, share: share.index, shares: share.of, parts: [] },
    ...{
      objects: 0,
      bytes: 0,
      unchanged: 0,
      vanished: 0,
      already: 0,
      failures: 0,
      missing: 0,
      missing_own: 0,
    },
  };
  const open = new Set(own.map(({ shard }) => shard));
  captured.already = plan.shards.filter((_, shard) => isOwn(shard) && !open.has(shard)).length;
  progress.start('copying');
  let seen = 0;
  for (const { shard: number, range, isGone } of own) {
    const counted = {
      start: () => undefined,
      phase: () => undefined,
      update: ({ objects = 0, bytes = 0 }) => {
        progress.update({ objects: seen + objects, bytes: captured.bytes + bytes });
      },
      warn,
    };
    const part = await captureShard({ ...context, progress: counted }, plan, {
      number,
      range,
      isGone,
    });
    captured.parts.push(part.id);
    seen += part.objects.total;
    captured.objects += part.objects.captured;
    captured.unchanged += part.objects.unchanged;
    captured.vanished += part.objects.vanished;
    captured.bytes += part.copied_bytes ?? 0;
    captured.failures += part.failures.length + part.failures_omitted;
  }
  await parts.refresh();
  const after = coverageOf(plan, parts.parts).gaps;
  captured.missing = after.length;
  captured.missing_own = after.filter(({ shard }) => isOwn(shard)).length;
  return captured;
}

/** Plans the run, unless another share has done so while this one waited for the lock. */
async function planNamed(
  context: BackupContext,
  type: 'full' | 'incremental',
  options: BackupOptions & Partial<Pick<IncrementalOptions, 'parent' | 'refreshMetadata'>>,
  { run: name, share }: OwnShards,
): Promise<RunPlan> {
  const { destination, progress, store, clock } = context;
  const warn = (line: string): void => progress.warn(line);
  const command = `backup ${type}`;
  const { locks } = options;
  const waitMs = Math.max(options.waitLockMs, PLANNING_MS);
  const protection =
    locks === undefined ? undefined : await Protection.prepare({ ...context, warn }, locks);
  return await withLock({ ...context, command, waitMs, warn }, async (lock, signal) => {
    const there = await plannedRun(destination, name, warn);
    if (there !== undefined) return there;
    await warnOfBackup(destination, name, warn);
    const held: HeldContext = {
      ...{ ...context, signal, lock, protection },
      listings: new OrderedListings(store),
      trust: new ListingTrust({
        trustsNone: whyListingsAreDoubted(context.findings) !== undefined,
      }),
      leftovers: new OpenLeftovers([], [], warn),
      ...{ captureObjects: undefined, reserved: undefined },
    };
    progress.start('planning shards');
    const refreshMetadata = options.refreshMetadata ?? false;
    const plan =
      type === 'full'
        ? await planFull(held, options)
        : await planIncremental(held, { ...options, refreshMetadata });
    try {
      const reserved = await newRun(
        destination,
        plan.type === 'full' ? 'full' : 'incremental',
        clock,
      );
      const lockable = await lockableBuckets(held, plan);
      const run = { name, shards: share.of, refreshMetadata };
      const planned = await planRun(held, plan, reserved, lockable, run);
      await lock.check();
      await writePlan(destination, planned);
      return planned;
    } finally {
      await plan.close();
    }
  });
}

/** A share that comes late finds no run any more. It may also be the first of the next day. */
async function warnOfBackup(
  destination: Destination,
  name: string,
  warn: (line: string) => void,
): Promise<void> {
  const backups = await destination.list();
  const made = backups.findLast(
    ({ summary }) => summary.kind === 'valid' && summary.summary.run === name,
  );
  if (made === undefined) return;
  warn(
    `the run ${name} already has its backup (${made.id}): this share begins a new run of the same name`,
  );
}

/** Chooses an id that nothing at the destination uses. */
async function newRun(
  destination: Destination,
  type: RunPlan['type'],
  clock: Clock,
): Promise<ReservedBackup> {
  for (;;) {
    const createdAt = clock.now();
    const id = backupIdFor(type, createdAt);
    const names = await destination.files().names(BACKUP_ID_START);
    if (![...names.keys()].some((name) => isOfBackup(name, id))) return { id, createdAt };
    await clock.sleep(1000 - (createdAt.getTime() % 1000));
  }
}
