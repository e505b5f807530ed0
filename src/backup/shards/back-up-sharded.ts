import { isDeepStrictEqual } from 'node:util';
import { MangamotionError } from '../../errors.js';
import type { Summary } from '../../repository/summary.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import type { RangeSeal } from '../../repository/runs/range-seal.js';
import { sealOf } from '../../repository/runs/runs.js';
import { backUpFull } from '../full.js';
import { type IncrementalOptions, backUpIncremental } from '../incremental.js';
import { type BackupContext, type BackupOptions, sourceOf } from '../plan/backup-plan.js';
import { captureByShards } from './capture-by-shards.js';
import type { ShardContext } from './shard-context.js';
import type { ShardEngine } from './engine.js';
import type { GatherOptions } from './gather-parts.js';
import { checkPlanned, lostRun, plannedRun, warnOfOldPlan } from './planned-runs.js';
import { refuseAppendOnlyRun } from './refuse-append-only.js';

export interface ShardedBackup {
  /** The name or id of the run (`--run`); `undefined`: a new one, or one that lost its head. */
  run: string | undefined;
  /** About how many shards; `undefined`: as many as the earlier backup suggests. */
  shards: number | undefined;
  /** Reject with `not_found` where no run of this name was begun. */
  mustExist?: boolean | undefined;
  /**
   * Opens what hands out the shards. One that leaves this process is given ranges that `seal` hides. Rejects
   * with `unreachable`.
   */
  openEngine: (context: ShardContext, plan: RunPlan, seal: RangeSeal) => Promise<ShardEngine>;
  times?: Partial<Omit<GatherOptions, 'engine' | 'parts'>> | undefined;
}

/** Another head went on with the run that this one had chosen, or has ended it, or there is one now. */
class RunHasChanged extends MangamotionError {
  constructor() {
    super('locked', 'the unfinished runs have changed while this head waited for the lock');
  }
}

/**
 * Makes a backup whose objects are captured by workers. A run that lost its head goes on where it was:
 * what is captured stays.
 */
export async function backUpSharded(
  context: BackupContext,
  type: 'full' | 'incremental',
  options: BackupOptions & Partial<Pick<IncrementalOptions, 'parent' | 'refreshMetadata'>>,
  sharded: ShardedBackup,
): Promise<Summary> {
  refuseAppendOnlyRun(context.destination);
  for (;;) {
    try {
      return await asHead(context, type, options, sharded);
    } catch (error) {
      if (!(error instanceof RunHasChanged)) throw error;
      context.progress.warn(`${error.message}: it looks for its run again`);
    }
  }
}

async function asHead(
  context: BackupContext,
  type: 'full' | 'incremental',
  options: BackupOptions & Partial<Pick<IncrementalOptions, 'parent' | 'refreshMetadata'>>,
  { run, shards, mustExist, openEngine, times }: ShardedBackup,
): Promise<Summary> {
  const { destination, clock, progress, tool, store } = context;
  const warn = (line: string): void => progress.warn(line);
  const now = clock.now();
  const { acls = false, refreshMetadata = false } = options;
  const wanted = { type, source: sourceOf(store, options), tool, acls, refreshMetadata };
  const choose = (tell: (line: string) => void): Promise<RunPlan | undefined> =>
    run === undefined
      ? lostRun(destination, wanted, now, tell)
      : plannedRun(destination, run, tell);
  const planned = await choose(warn);
  if (planned === undefined && mustExist === true) throw noSuchRun(destination.location, run);
  if (planned !== undefined) {
    checkPlanned(planned, wanted);
    warnOfOldPlan(planned, now, warn);
  }
  let goingOn = mustExist === true ? undefined : (planned?.name ?? planned?.run);
  // Its head may only have been at work. To go on with a run that has ended would take the parts of its backup.
  const confirm = async (): Promise<void> => {
    if (!isDeepStrictEqual(await choose(() => undefined), planned)) throw new RunHasChanged();
    if (goingOn !== undefined) warn(`going on with the run ${goingOn}`);
    goingOn = undefined;
  };
  const name = planned === undefined ? (run ?? null) : planned.name;
  const capturing = captureByShards({
    ...{ name, shards, planned, refreshMetadata, times },
    openEngine: async (shardContext, plan) =>
      await openEngine(shardContext, plan, await sealOf(destination.vault, plan)),
  });
  const all = { ...options, confirm, captureObjects: capturing, ...reservedBy(planned) };
  if ((planned?.type ?? type) === 'full') return await backUpFull(context, all);
  return await backUpIncremental(context, {
    ...all,
    parent: planned?.earlier ?? options.parent,
    refreshMetadata,
  });
}

function reservedBy(planned: RunPlan | undefined): Pick<BackupOptions, 'reserved' | 'planned'> {
  if (planned === undefined) return {};
  const { run: id, earlier, last_trusted: lastTrusted } = planned;
  return {
    reserved: { id, createdAt: new Date(planned.created_at) },
    planned: { earlier, lastTrusted },
  };
}

function noSuchRun(location: string, run: string | undefined): MangamotionError {
  return new MangamotionError('not_found', `${location} has no unfinished run ${run ?? ''}`, {
    hint: 'Capture its shards first, with --run and --shard i/n; if its backup exists already, nothing is left to do.',
  });
}
