import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupContext, BackupOptions } from '../../../backup/plan/backup-plan.js';
import { APPEND_ONLY_HINT, APPEND_ONLY_SETTING } from '../../../config/hints.js';
import { parseExpectedDeletion, parseSourceName } from '../../../config/backup-values.js';
import { type ErrorCode, MangamotionError } from '../../../errors.js';
import { parseCount } from '../../values/count.js';
import { refuseFoolishPolicy } from '../../../repository/retention/policy.js';
import type { Destination } from '../../../repository/destination.js';
import type { PruneReport } from '../../../repository/retention/prune.js';
import { isS3Url } from '../../../repository/s3/s3-location.js';
import type { Summary } from '../../../repository/summary.js';
import type { OptionSpecs, OptionValues } from '../../argv/option-specs.js';
import type { CommandContext } from '../../argv/command.js';
import { parseDuration } from '../../values/duration.js';
import { readVersion } from '../../argv/version.js';
import type { WorkProgress } from '../../../progress.js';
import type { Page } from '../../output/page.js';
import { forManyKeys } from '../../run/memory.js';
import { describeBackup, shortList, suspicionText } from './describe.js';
import { findingsAbout } from '../schedule/state-folder.js';
import { workerOption } from './workers.js';
import { lockSettings, objectLockOptions } from './lock-options.js';

/** What the commands that make a backup have in common. */

export const destinationArguments = {
  destination: {
    description: 'the folder or s3://bucket/prefix that holds the backups',
    complete: 'destination',
  },
} as const;

/** The codes of every command that writes to a destination. */
export const WRITING_ENDS = [
  'not_found',
  'unreachable',
  'locked',
  'refused',
  'interrupted',
  'terminated',
] as const;

export const lockOption = {
  waitLock: {
    value: 'time',
    description: 'wait up to this long (such as 30m) for another run at the destination to finish',
    parse: parseDuration,
  },
} as const;

export const makesBackup = {
  arguments: destinationArguments,
  options: {
    bucket: {
      value: 'name',
      description: 'back up only this bucket',
      repeatable: true,
      complete: 'bucket',
    },
    excludeBucket: {
      value: 'name',
      description: 'skip this bucket',
      repeatable: true,
      complete: 'bucket',
    },
    sourceName: {
      value: 'name',
      description:
        'a stable name for the store, so that its backups stay in one line when its address changes ' +
        '(BACKUP_SOURCE_NAME)',
      parse: (text: string) => orUsage(parseSourceName(text)).name,
    },
    keepDays: {
      value: 'n',
      description:
        'after the backup, remove those of this type older than n days (default: BACKUP_RETENTION_DAYS)',
      parse: parseCount,
    },
    noPrune: { description: 'do not prune after the backup' },
    noEncryption: {
      description:
        'make the backup in plain text, even if recipients are set or others are encrypted',
    },
    appendOnly: {
      description:
        'delete and overwrite nothing, for keys that may not, and do not prune (s3:// only; ' +
        'BACKUP_S3_APPEND_ONLY)',
    },
    ...objectLockOptions,
    ...lockOption,
  },
  changes: 'always',
  usesStore: true,
  opensBackups: true,
  makesBackups: true,
  printsRows: false,
  endsWith: ['partial', ...WRITING_ENDS],
} as const;

/** Throws `usage` where the settings say that nothing is deleted or overwritten at the destination. */
export function refuseAppendOnly(
  { location, appendOnly }: Pick<Destination, 'location' | 'appendOnly'>,
  what: string,
): void {
  if (appendOnly !== true) return;
  throw new MangamotionError('usage', `${location}: ${what}: ${APPEND_ONLY_SETTING}`, {
    hint: APPEND_ONLY_HINT,
  });
}

/** What full and incremental backups are told of deletions, and of what else to read. */
export const objectOptions = {
  acceptDeletions: { description: 'accept any number of deleted objects as intended' },
  acceptChanges: {
    description: 'accept any number of objects that became empty or identical as intended',
  },
  expectDeletions: {
    value: 'bucket[=percent]',
    description:
      'allow this share of the objects in a bucket to be deleted between two backups (default: all ' +
      'of them), as for a bucket of temporary files (BACKUP_EXPECT_DELETIONS)',
    repeatable: true,
    parse: (text: string) => orUsage(parseExpectedDeletion(text)),
  },
  acls: { description: 'also back up object ACLs (one more request per object)' },
  ignoreFreeSpace: {
    description: 'start even if the disk has less free space than the last full backup took',
  },
  ...workerOption,
  redis: {
    description:
      'also back up keys of Redis: the counters of billing, or what --redis-pattern says (BACKUP_REDIS)',
  },
  redisPattern: {
    value: 'pattern',
    description:
      'with --redis, the keys that match this pattern, such as bull:* (default: billing:*)',
    repeatable: true,
    parse: parsePattern,
  },
} as const satisfies OptionSpecs;

/** The keys that a backup with Redis holds where no pattern says otherwise. */
const DEFAULT_PATTERN = 'billing:*';

function parsePattern(text: string): string {
  if (text !== '') return text;
  throw new MangamotionError('usage', 'must be a pattern of keys, such as billing:*');
}

/** Throws `usage` for a text that tells what is wrong. */
function orUsage<Value extends object>(read: Value | string): Value {
  if (typeof read !== 'string') return read;
  throw new MangamotionError('usage', read);
}

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

/** Prints the answer; resolves to the exit status. */
export async function reportBackup(
  context: CommandContext,
  summary: Summary,
  pruned: readonly PruneReport[],
): Promise<ErrorCode | undefined> {
  context.progress.done();
  if (summary.status === 'suspect') {
    const removed = pruned.flatMap((report) => report.removed.map(({ id }) => id));
    if (removed.length > 0) context.warn(`expired and removed: ${shortList(removed)}`);
    throw suspect(summary);
  }
  await context.output.document({
    json: { ...summary, pruned: pruned.flatMap(({ removed }) => removed) },
    human: (page) => {
      describeBackup(page, summary);
      describePruned(page, pruned);
    },
  });
  const isProtected = (summary.lock?.unprotected ?? 0) === 0;
  return summary.status === 'complete' && isProtected ? undefined : 'partial';
}

function describePruned(page: Page, pruned: readonly PruneReport[]): void {
  const removed = pruned.flatMap((report) => report.removed);
  if (removed.length === 0) return;
  const freed = pruned.reduce((sum, report) => sum + report.freed_bytes, 0);
  const names = shortList(removed.map(({ id }) => id));
  page.text(`\nexpired and removed: ${names} (${page.people.bytes(freed)})`);
}

function suspect({ id, destination, guard, suspicious }: Summary): MangamotionError {
  const since = guard?.compared_with ?? 'its predecessor';
  const path = `${destination.replace(/\/$/, '')}/${id}`;
  const flags = [
    ...(suspicious.some(({ deleted }) => deleted > 0) ? ['--accept-deletions'] : []),
    ...(suspicious.some(({ wiped = 0 }) => wiped > 0) ? ['--accept-changes'] : []),
  ];
  return new MangamotionError(
    'refused',
    `${id} is kept as suspect; compared with ${since}: ${suspicious.map(suspicionText).join('; ')}`,
    {
      hint:
        `Nothing was pruned. If the change was intended, run "mangamotion backup accept ${path}", or ` +
        `back up again with ${flags.join(' and ')}. If not, restore ${since} and back up again.`,
    },
  );
}
