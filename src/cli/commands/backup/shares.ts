import { randomBytes } from 'node:crypto';
import { MangamotionError } from '../../../errors.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { readableSummary } from '../../../repository/locate.js';
import type { LocatedBackup } from '../../../repository/located-backup.js';
import { storedMark } from '../../../repository/stored-mark.js';
import type { Sharer } from '../../../workers/sharer.js';
import type { CommandContext } from '../../argv/command.js';
import type { OptionSpecs, OptionValues } from '../../argv/option-specs.js';
import { wholeNumberTo } from '../../values/count.js';
import { MOST_SHARDS, parseShare } from '../../values/shards.js';
import { toolName } from './shard-context.js';
import type { PastValues } from './backup-name.js';
import { queueOption } from './worker.js';

/** How the work on one backup is divided among machines. */

/** Returns the options of a command that workers can do in shares. `does`: such as `verify`. */
export function shareOptions(does: string) {
  return {
    engine: {
      value: 'name',
      description: `let every "mangamotion backup worker" that listens ${does} a share of the backup`,
      choices: ['bullmq'],
    },
    ...queueOption,
    shards: {
      value: 'n',
      description: `with --engine, divide the work into n shares, at most ${MOST_SHARDS} (default: by what the backup holds)`,
      parse: wholeNumberTo(MOST_SHARDS),
    },
    shard: {
      value: 'i/n',
      description:
        `${does} only the i-th of n equal shares of the backup, without a queue; for a counter that ` +
        'begins at 0, such as JOB_COMPLETION_INDEX in Kubernetes, write 0+1/n',
      parse: parseShare,
    },
  } as const satisfies OptionSpecs;
}

export type ShareValues = OptionValues<ReturnType<typeof shareOptions>>;

/** Throws `usage` for options that contradict each other. */
export function checkShareOptions(
  { engine, queue, shards, shard }: ShareValues,
  asStoredAt: PastValues['asStoredAt'],
): void {
  if (engine !== undefined && shard !== undefined) {
    throw new MangamotionError('usage', '--engine and --shard cannot be combined', {
      hint: 'With --engine, the command is the head, and the workers do the shares.',
    });
  }
  if (engine !== undefined && asStoredAt !== undefined) {
    throw new MangamotionError('usage', '--engine and --as-stored-at cannot be combined', {
      hint: 'Workers read the destination as it is now; --shard i/n takes --as-stored-at.',
    });
  }
  if (engine !== undefined) return;
  if (queue !== undefined) throw new MangamotionError('usage', '--queue needs --engine');
  if (shards !== undefined) throw new MangamotionError('usage', '--shards needs --engine');
}

/**
 * Opens the queue through which workers do shares of the work on a backup. `target`: the store to restore
 * into. Rejects with `configuration` if BullMQ is not installed, with `refused` for a backup that another
 * program made, and with `unreachable` or `access_denied` where Redis cannot be used.
 */
export async function openSharer(
  context: CommandContext,
  { destination, backup, legacy }: LocatedBackup,
  work: { kind: 'verify' } | { kind: 'restore'; target: ObjectStore },
  { queue }: Pick<ShareValues, 'queue'>,
): Promise<Sharer> {
  if (legacy !== undefined) {
    throw new MangamotionError('refused', 'workers take no shares of a backup by backup-minio.sh', {
      hint: 'Run the command without --engine.',
    });
  }
  const { loadBullMQ } = await import('../../../engine/bullmq/load.js');
  const { openBullEngine } = await import('../../../engine/bullmq/bull-engine.js');
  const { EngineSharer } = await import('../../../workers/engine-sharer.js');
  const { sealOfShares } = await import('../../../workers/share-seal.js');
  const { redisTarget } = await import('../../../redis-target.js');
  await loadBullMQ();
  const { backup: settings, redis } = await context.config();
  const summary = readableSummary(backup);
  const about = {
    ...{ backup: backup.id, archive_sha256: summary.archive.sha256 },
    stored: await storedMark(destination, backup.id),
  };
  const token = randomBytes(16).toString('hex');
  const seal = await sealOfShares(destination.vault, summary.encryption !== undefined, token);
  const engine = await openBullEngine({
    ...{ run: backup.id, token, tool: toolName(), queue: queue ?? settings.queue },
    target: redisTarget(redis),
    warn: (line) => context.progress.warn(line),
  });
  const { sourceName: name } = settings;
  return new EngineSharer({
    ...{ engine, seal, signal: context.signal, progress: context.progress },
    work:
      work.kind === 'verify'
        ? { kind: work.kind, ...about }
        : { kind: work.kind, ...about, target: { endpoint: work.target.endpoint, name } },
  });
}
