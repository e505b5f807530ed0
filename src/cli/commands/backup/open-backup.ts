import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupContext, BackupOptions } from '../../../backup/plan/backup-plan.js';
import { MangamotionError } from '../../../errors.js';
import { refuseFoolishPolicy } from '../../../repository/retention/policy.js';
import type { PruneReport } from '../../../repository/retention/prune.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import type { OptionValues } from '../../argv/option-specs.js';
import type { CommandContext } from '../../argv/command.js';
import { readVersion } from '../../argv/version.js';
import type { WorkProgress } from '../../../progress.js';
import { forManyKeys } from '../../run/memory.js';
import { findingsAbout } from '../schedule/state-folder.js';
import { lockSettings } from './lock-options.js';
import type { makesBackup, objectOptions } from './backup-options.js';

/** The keys that a backup with Redis holds where no pattern says otherwise. */
const DEFAULT_PATTERN = 'billing:*';

/** The guard takes the flags on top of what the settings expect. */
export async function objectSettings(
  context: CommandContext,
  { acceptDeletions, acceptChanges, expectDeletions, ...flags }: OptionValues<typeof objectOptions>,
): Promise<Pick<BackupOptions, 'guard' | 'acls' | 'ignoreFreeSpace' | 'redis'>> {
  const { backup, redis: address } = await context.config();
  const { acls, ignoreFreeSpace } = flags;
  const given = expectDeletions.map(({ bucket, percent }) => [bucket, percent] as const);
  const expected = new Map([...backup.expectDeletions, ...given]);
  const guard = { acceptDeletions, acceptChanges, expectDeletions: expected };
  const withRedis = flags.redis || backup.redis;
  if (flags.redisPattern.length > 0 && !withRedis) {
    throw new MangamotionError('usage', '--redis-pattern needs --redis, or BACKUP_REDIS=true');
  }
  const patterns =
    flags.redisPattern.length > 0 ? [...new Set(flags.redisPattern)] : [DEFAULT_PATTERN];
  const redis = withRedis
    ? { patterns, db: address.db, open: async () => forManyKeys(await context.connectRedis()) }
    : undefined;
  return { guard, acls, ignoreFreeSpace, redis };
}

/** Throws `usage` for recipients on the command line: those of the settings are what the flag overrides. */
function refuseRecipients({
  configRequest: { flags },
}: Pick<CommandContext, 'configRequest'>): void {
  const given = [flags.BACKUP_AGE_RECIPIENTS, flags.BACKUP_AGE_RECIPIENTS_FILE].find(
    (one) => one?.value !== undefined,
  );
  if (given === undefined) return;
  throw new MangamotionError('usage', `--no-encryption and ${given.flag} cannot be combined`, {
    hint: 'Leave one of them out: --no-encryption makes the backup in plain text.',
  });
}

/**
 * Opens what a backup needs. What is removed after it goes to `pruned`. `readers` is the number of threads
 * that read objects.
 */
export async function openBackup(
  context: CommandContext,
  destination: string,
  options: OptionValues<typeof makesBackup.options>,
  readers = 0,
) {
  const { bucket, excludeBucket, sourceName, keepDays, noPrune, noEncryption, waitLock } = options;
  if (noEncryption) refuseRecipients(context);
  const { backup: defaults } = await context.config();
  if (options.appendOnly && !isS3Url(destination)) {
    throw new MangamotionError(
      'usage',
      `--append-only: ${destination} is not an s3:// destination`,
      {
        hint: 'Leave it out: the owner of a folder can always delete in it.',
      },
    );
  }
  const pruned: PruneReport[] = [];
  const policy = { days: keepDays ?? defaults.retentionDays };
  if (!noPrune) refuseFoolishPolicy(policy);
  const onPruned = (report: PruneReport) => pruned.push(report);
  const settings = {
    selection: { only: bucket, excluded: excludeBucket },
    sourceName: sourceName ?? defaults.sourceName,
    waitLockMs: waitLock ?? 0,
    retention: noPrune ? undefined : { policy, onPruned },
  };
  const given = {
    buckets: bucket,
    noEncryption,
    appendOnly: options.appendOnly ? true : undefined,
    readers,
  };
  const backup = await openBackupContext(context, destination, given);
  const locks = await lockSettings(context, { ...options, policy }, destination);
  return { backup, settings: { ...settings, locks }, pruned };
}

/**
 * Opens the destination and the store, in this order: a folder that is missing is told at once.
 * `buckets`: those that are named, if any. `appendOnly`: as the settings say where it is absent.
 */
async function openBackupContext(
  context: CommandContext,
  location: string,
  {
    buckets,
    noEncryption,
    appendOnly,
    readers,
  }: {
    buckets: readonly string[];
    noEncryption: boolean;
    appendOnly: boolean | undefined;
    readers: number;
  },
): Promise<BackupContext> {
  const { openDestination } = await import('../../../repository/locate.js');
  const { backup } = await context.config();
  if (!backup.compression && isS3Url(location)) {
    throw new MangamotionError(
      'usage',
      `BACKUP_COMPRESSION is false, and ${location} is not a folder: plain folders need one`,
      { hint: 'Use a folder on this machine, or leave BACKUP_COMPRESSION unset.' },
    );
  }
  const opened = await context.openVault();
  // A key that cannot be used is told before anything is read.
  await opened.signingKey();
  const vault = noEncryption ? { ...opened, recipients: [] } : opened;
  const options = { plain: !backup.compression, appendOnly, vault };
  const destination = await openDestination(location, context.cwd, context, options);
  const store = await context.openStore(buckets, readers);
  return {
    ...{ store, destination, noEncryption },
    findings: await findingsAbout(context, store),
    signal: context.signal,
    progress: progressFor(context),
    clock: {
      now: () => context.now(),
      sleep: (ms) => sleep(ms, undefined, { signal: context.signal }),
    },
    tool: `mangamotion ${readVersion()}`,
  };
}

/** Returns the progress of the command for work whose warnings go where those of the command go. */
export function progressFor(context: CommandContext): WorkProgress {
  return {
    start: (label) => context.progress.start(label),
    phase: (label) => context.progress.phase(label),
    update: (counts) => context.progress.update(counts),
    workers: (rows) => context.progress.workers(rows),
    warn: (message) => context.warn(message),
  };
}
