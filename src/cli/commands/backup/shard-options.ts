import type { BackupContext, BackupOptions } from '../../../backup/plan/backup-plan.js';
import type { ShardedBackup } from '../../../backup/shards/back-up-sharded.js';
import type { CapturedShare } from '../../../backup/shards/capture-own-shards.js';
import type { IncrementalOptions } from '../../../backup/incremental.js';
import { type ErrorCode, MangamotionError } from '../../../errors.js';
import type { PruneReport } from '../../../repository/retention/prune.js';
import type { CommandContext } from '../../argv/command.js';
import type { OptionSpecs, OptionValues } from '../../argv/option-specs.js';
import { countOf, formatCount } from '../../output/units.js';
import { wholeNumberTo } from '../../values/count.js';
import { MOST_SHARDS, parseRunName, parseShare } from '../../values/shards.js';
import { reportBackup } from './report-backup.js';
import { queueOption } from './worker.js';

/** How a backup is cut into shards, and who captures them. */

export const shardOptions = {
  engine: {
    value: 'name',
    description:
      'let every "mangamotion backup worker" that listens capture the objects, and bind what they capture',
    choices: ['bullmq'],
  },
  ...queueOption,
  run: {
    value: 'name',
    description:
      'the name of a run whose shards are captured apart from each other; with --engine, go on with ' +
      'the run of this name or id',
    parse: parseRunName,
  },
  shard: {
    value: 'i/n',
    description:
      'with --run, capture the i-th of n equal shares of the objects, and make no backup yet; for a ' +
      'counter that begins at 0, such as JOB_COMPLETION_INDEX in Kubernetes, write 0+1/n',
    parse: parseShare,
  },
  head: {
    description:
      'with --run, make the backup of what the shards have captured, and capture what they have not',
  },
  shards: {
    value: 'n',
    description: `with --engine, cut the objects into about n shards, at most ${MOST_SHARDS} (default: by what the last backup holds)`,
    parse: wholeNumberTo(MOST_SHARDS),
  },
} as const satisfies OptionSpecs;

type ShardValues = OptionValues<typeof shardOptions>;
type ObjectOptions = BackupOptions &
  Partial<Pick<IncrementalOptions, 'parent' | 'refreshMetadata'>>;

/** Throws `usage` for options that contradict each other. */
export function checkShardOptions({ engine, queue, run, shard, head, shards }: ShardValues): void {
  if (engine !== undefined) {
    const other = shard === undefined ? (head ? '--head' : undefined) : '--shard';
    if (other === undefined) return;
    throw new MangamotionError('usage', `--engine and ${other} cannot be combined`, {
      hint: 'With --engine, the command is the head of the run, and the workers capture its shards.',
    });
  }
  if (queue !== undefined) throw new MangamotionError('usage', '--queue needs --engine');
  const needsRun = shard === undefined ? (head ? '--head' : undefined) : '--shard';
  if (needsRun !== undefined && run === undefined) {
    throw new MangamotionError('usage', `${needsRun} needs --run`, {
      hint: 'Give all shards and the head of a run the same name, such as --run "$(date +%F)".',
    });
  }
  if (shard !== undefined && head) {
    throw new MangamotionError('usage', '--shard and --head cannot be combined', {
      hint: 'Run the command with --head once the shards have ended.',
    });
  }
  if (run !== undefined && shard === undefined && !head) {
    throw new MangamotionError('usage', '--run needs --shard i/n, --head or --engine');
  }
  if (shards !== undefined) throw new MangamotionError('usage', '--shards needs --engine');
}

/** Makes a backup, or captures a share of it. Resolves to the exit code. */
export async function backUp(
  context: CommandContext,
  type: 'full' | 'incremental',
  {
    backup,
    options,
    pruned,
  }: { backup: BackupContext; options: ObjectOptions; pruned: PruneReport[] },
  values: ShardValues,
): Promise<ErrorCode | undefined> {
  const { engine, run, shard, head } = values;
  if (engine !== undefined) {
    const { backUpSharded } = await import('../../../backup/shards/back-up-sharded.js');
    const { shards } = values;
    const sharded = { run, shards, openEngine: await bullEngine(context, backup, values) };
    return await reportBackup(context, await backUpSharded(backup, type, options, sharded), pruned);
  }
  if (run !== undefined && shard !== undefined) {
    const { captureOwnShards, isPartialShare } =
      await import('../../../backup/shards/capture-own-shards.js');
    const captured = await captureOwnShards(backup, type, options, { run, share: shard });
    await reportShare(context, captured);
    return isPartialShare(captured) ? 'partial' : undefined;
  }
  if (head) {
    const { backUpSharded } = await import('../../../backup/shards/back-up-sharded.js');
    const { LocalEngine } = await import('../../../backup/shards/local-engine.js');
    const sharded = {
      ...{ run, shards: undefined, mustExist: true },
      openEngine: (...[context, plan]: ConstructorParameters<typeof LocalEngine>) =>
        Promise.resolve(new LocalEngine(context, plan)),
    };
    return await reportBackup(context, await backUpSharded(backup, type, options, sharded), pruned);
  }
  if (type === 'full') {
    const { backUpFull } = await import('../../../backup/full.js');
    return await reportBackup(context, await backUpFull(backup, options), pruned);
  }
  const { backUpIncremental } = await import('../../../backup/incremental.js');
  const { refreshMetadata = false } = options;
  const summary = await backUpIncremental(backup, { ...options, refreshMetadata });
  return await reportBackup(context, summary, pruned);
}

/** Returns how the queue of shards is opened. Rejects with `configuration` if BullMQ is not installed. */
async function bullEngine(
  context: CommandContext,
  { tool, progress }: BackupContext,
  { queue }: ShardValues,
): Promise<ShardedBackup['openEngine']> {
  const { loadBullMQ } = await import('../../../engine/bullmq/load.js');
  const { openBullEngine } = await import('../../../engine/bullmq/bull-engine.js');
  const { redisTarget } = await import('../../../redis-target.js');
  const { sealedEngine } = await import('../../../backup/shards/sealed-engine.js');
  await loadBullMQ();
  const { backup, redis } = await context.config();
  return async (_, { run, token }, seal) => {
    const engine = await openBullEngine({
      ...{ run, token, tool, queue: queue ?? backup.queue, target: redisTarget(redis) },
      warn: (line) => progress.warn(line),
    });
    return sealedEngine(engine, seal);
  };
}

function missingText({ missing, missing_own: own }: CapturedShare): string {
  if (missing === 0) return 'nothing: --head can make the backup';
  const whose =
    own === 0 ? '' : `, ${formatCount(own)} of them in this share: run this share again`;
  return `${countOf(missing, 'range')} of the run${whose}`;
}

async function reportShare(context: CommandContext, share: CapturedShare): Promise<void> {
  context.progress.done();
  await context.output.document({
    json: share,
    human: (page) => {
      const { people } = page;
      page.fields([
        { label: 'run', text: `${share.name} (${share.run})` },
        { label: 'share', text: `${share.share} of ${share.shares}` },
        {
          label: 'captured',
          text: `${countOf(share.objects, 'object')} (${people.bytes(share.bytes)}) in ${countOf(share.parts.length, 'part')}`,
        },
        ...(share.unchanged === 0
          ? []
          : [{ label: 'unchanged', text: countOf(share.unchanged, 'object') }]),
        ...(share.vanished === 0
          ? []
          : [{ label: 'vanished', text: `${countOf(share.vanished, 'object')} meanwhile` }]),
        ...(share.already === 0
          ? []
          : [{ label: 'there before', text: countOf(share.already, 'range') }]),
        ...(share.failures === 0
          ? []
          : [
              {
                label: 'failures',
                text: `${countOf(share.failures, 'failure')}, which the backup will name`,
              },
            ]),
        { label: 'missing', text: missingText(share) },
      ]);
    },
  });
}
