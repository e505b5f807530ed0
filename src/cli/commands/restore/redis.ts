import { type ErrorCode, MangamotionError } from '../../../errors.js';
import { CONFLICT_WAYS, type ConflictWay } from '../../../keyspace/compare.js';
import type { PlannedRedisRestore } from '../../../restore/redis/restore-redis.js';
import { approve } from '../../argv/confirm-options.js';
import type { CommandContext } from '../../argv/command.js';
import { visible } from '../../output/terminal-text.js';
import { countOf } from '../../output/units.js';
import { forManyKeys } from '../../run/memory.js';
import { type ChooseValues, findBackup } from '../backup/backup-name.js';

/** The options of `restore`, as far as they mean something for the scope redis, or must not be given. */
export interface RedisRestoreValues extends Pick<
  ChooseValues,
  'latest' | 'at' | 'line' | 'asStoredAt' | 'trustFirstVersions'
> {
  key: readonly string[];
  onConflict: string | undefined;
  bucket: readonly string[];
  prefix: readonly string[];
  as: readonly unknown[];
  deleteExtra: boolean;
  noProof: boolean;
  list: boolean;
  workers: number | undefined;
}

/** `restore BACKUP redis`. */
export async function restoreRedis(
  context: CommandContext,
  backup: string,
  options: RedisRestoreValues,
): Promise<ErrorCode | undefined> {
  refuseOthers(options);
  const way = wayOf(options.onConflict);
  const { latest, at, line, asStoredAt, trustFirstVersions, key } = options;
  const { planRedisRestore } = await import('../../../restore/redis/restore-redis.js');
  const { isPartialRedis } = await import('../../../restore/redis/report.js');
  const found = await findBackup(
    context,
    backup,
    {
      ...{ latest, at, line, asStoredAt, trustFirstVersions },
      ...{ buckets: [], ambiguous: 'refuse' },
    },
    'redis',
  );
  const { requireSigned } = await import('../../../repository/signed-backup.js');
  const located = await requireSigned(found);
  if (located.legacy !== undefined) {
    throw new MangamotionError('usage', 'backups of backup-minio.sh hold no keys of Redis');
  }
  const { redis } = forManyKeys(await context.connectRedis());
  const { progress, signal } = context;
  progress.start('comparing');
  const onProgress = (keys: number) => progress.update({ objects: keys });
  const planned = await planRedisRestore(
    { redis, signal, onProgress },
    located,
    { way, patterns: key },
    context.dryRun,
  );
  try {
    const { describeRedisRestore } = await import('./describe-redis.js');
    if (context.dryRun) {
      progress.done();
      await context.output.document({
        json: planned.report,
        human: (page) => describeRedisRestore(page, planned.report, planned.strangers),
      });
      return undefined;
    }
    progress.done();
    await askFirst(context, planned, way);
    progress.start('restoring');
    const report = await apply(context, planned);
    progress.done();
    await context.output.document({
      json: report,
      human: (page) => describeRedisRestore(page, report, []),
    });
    return isPartialRedis(report) ? 'partial' : undefined;
  } finally {
    await planned.close();
  }
}

/** Carries the plan out; where it breaks off, it says how far it came. */
async function apply(context: CommandContext, planned: PlannedRedisRestore) {
  const done = { keys: 0 };
  try {
    return await planned.apply(done);
  } catch (error) {
    context.warn(
      `stopped with ${countOf(done.keys, 'key')} of Redis restored, each of them completely; run it again to go on`,
    );
    throw error;
  }
}

/**
 * Asks where the database holds what the backup does not know, which is the sign of a wrong one, and
 * where keys would be replaced. Rejects with `refused` for the former if there is nobody to ask.
 */
async function askFirst(
  context: CommandContext,
  { strangers, overwrites }: PlannedRedisRestore,
  way: ConflictWay,
): Promise<void> {
  if (strangers.length > 0) {
    const named = strangers.map((key) => visible(key)).join(', ');
    const what = `the database holds keys that match no pattern of the backup: ${named}, …`;
    const approval = await approve(context, `${what}\nrestore into it?`);
    if (approval === 'given') return;
    throw new MangamotionError('refused', what, {
      hint: 'Check the database in REDIS_URL. If it is the right one, give --yes.',
    });
  }
  if (way === 'replace' && overwrites > 0) {
    await approve(context, `replace ${countOf(overwrites, 'key')} of Redis?`);
  }
}

function wayOf(text: string | undefined): ConflictWay {
  if (text === undefined) return 'higher';
  const way = CONFLICT_WAYS.find((known) => known === text);
  if (way !== undefined) return way;
  throw new MangamotionError('usage', `--on-conflict ${text} is not for the scope redis`, {
    hint: `It takes ${CONFLICT_WAYS.join(', ')}.`,
  });
}

function refuseOthers(options: RedisRestoreValues) {
  const { bucket, prefix, as, deleteExtra, noProof, list, workers } = options;
  const given = [
    ...(bucket.length > 0 ? ['--bucket'] : []),
    ...(prefix.length > 0 ? ['--prefix'] : []),
    ...(as.length > 0 ? ['--as'] : []),
    ...(deleteExtra ? ['--delete-extra'] : []),
    ...(noProof ? ['--no-proof'] : []),
    ...(list ? ['--list'] : []),
    ...(workers === undefined ? [] : ['--workers']),
  ];
  if (given.length === 0) return;
  throw new MangamotionError('usage', `${given.join(' and ')} cannot be combined with redis`);
}
