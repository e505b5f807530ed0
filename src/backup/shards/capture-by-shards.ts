import { MangamotionError } from '../../errors.js';
import type { PendingBackup } from '../../repository/destination.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { writePlan } from '../../repository/runs/runs.js';
import { objectsIn } from '../../repository/summary.js';
import type { BackupPlan, CaptureObjects, HeldContext } from '../plan/backup-plan.js';
import type { ObjectFindings } from '../object-findings.js';
import { PartUnusable, bindPart } from './bind-parts.js';
import type { ShardContext } from './shard-context.js';
import type { Coverage } from './coverage.js';
import type { ShardEngine } from './engine.js';
import { type GatherOptions, gatherParts } from './gather-parts.js';
import { MergedFindings } from './merge-findings.js';
import { type FoundPart, PartList } from './part-list.js';
import { type FittedRun, type RunOptions, fitToBuckets, planRun } from './plan-run.js';

export interface ShardedOptions extends RunOptions {
  /** The plan of a run that goes on; `undefined`: a new one is made. */
  planned: RunPlan | undefined;
  /** Opens what hands out the shards. Rejects with `unreachable`. */
  openEngine: (context: ShardContext, plan: RunPlan) => Promise<ShardEngine>;
  times?: Partial<Omit<GatherOptions, 'engine' | 'parts'>> | undefined;
}

/** Returns a way to capture objects by workers, each of which captures a range of keys into a part. */
export function captureByShards(options: ShardedOptions): CaptureObjects {
  return async (context, plan, pending, lockable) => {
    const { run, changed } = await planOf(context, plan, pending, lockable, options);
    const parts = new PartList(context.destination, run, (line) => context.progress.warn(line));
    await context.lock.check();
    if (options.planned !== undefined) await removeParts(context, options.planned, changed);
    await writePlan(context.destination, run);
    const chosen = await gather(context, run, parts, options);
    const findings = await bind(context, plan, pending, chosen, parts);
    return { ...findings, ...(run.name === null ? {} : { runName: run.name }) };
  };
}

async function planOf(
  context: HeldContext,
  plan: BackupPlan,
  pending: PendingBackup,
  lockable: ReadonlySet<string>,
  options: ShardedOptions,
): Promise<FittedRun> {
  const { planned } = options;
  if (planned !== undefined) return fitToBuckets(planned, plan);
  context.progress.phase('planning shards');
  const run = await planRun(context, plan, pending, lockable, options);
  context.progress.phase();
  return { run, changed: new Set() };
}

/** Removes the parts of buckets of which the plan says something else than when they were captured. */
async function removeParts(
  { destination, progress, lock }: HeldContext,
  planned: RunPlan,
  buckets: ReadonlySet<string>,
): Promise<void> {
  if (buckets.size === 0) return;
  // By the plan of that time: by the new one they are none of the run's.
  const parts = new PartList(destination, planned, () => undefined);
  await parts.refresh();
  for (const { id, range } of parts.parts) {
    if (!buckets.has(range.bucket)) continue;
    progress.warn(`${id} is not used: ${range.bucket} has come or gone since the run was planned`);
    await lock.check();
    await destination.remove(id);
  }
}

async function gather(
  context: HeldContext,
  run: RunPlan,
  parts: PartList,
  { openEngine, times }: ShardedOptions,
): Promise<Coverage['chosen']> {
  const engine = await openEngine(context, run);
  try {
    return await gatherParts(context, run, { ...times, engine, parts });
  } finally {
    await engine.close();
  }
}

/** Binds the parts of buckets that are still there. */
async function bind(
  context: HeldContext,
  plan: BackupPlan,
  { writer }: PendingBackup,
  chosen: Coverage['chosen'],
  parts: PartList,
): Promise<ObjectFindings> {
  const { destination, signal, progress, lock } = context;
  const findings = new MergedFindings(plan.inheritedLosses);
  progress.phase('binding the parts');
  const there = new Set(plan.buckets.map(({ name }) => name));
  for (const part of chosen) {
    try {
      refuseIfGone(part, there);
      await bindPart({ destination, writer, findings, signal }, part);
    } catch (error) {
      if (!(error instanceof PartUnusable)) throw error;
      parts.refuse(part.id, error.message);
      await lock.check();
      await destination.remove(part.id);
      throw new MangamotionError(
        'damaged',
        `a part of the run was damaged, and is removed: ${error.message}`,
        {
          hint: 'Run the command again with --run to go on: the shard is captured anew.',
          cause: error,
        },
      );
    }
  }
  progress.phase();
  const merged = findings.findings();
  for (const { bucket, error } of plan.unusable) {
    merged.failures.add({ bucket, key: '', reason: error.message }, false);
  }
  return merged;
}

/** A worker may have read the bucket before it went; the archive of the head does not describe it. */
function refuseIfGone({ id, manifest, range }: FoundPart, buckets: ReadonlySet<string>): void {
  if (buckets.has(range.bucket) || objectsIn(manifest) === 0) return;
  const why = `it has objects of ${range.bucket}, which is gone`;
  throw new PartUnusable(id, new MangamotionError('damaged', why));
}
