import { APPEND_ONLY_HINT, APPEND_ONLY_SETTING } from '../../../config/hints.js';
import { parseExpectedDeletion, parseSourceName } from '../../../config/backup-values.js';
import { MangamotionError } from '../../../errors.js';
import { parseCount } from '../../values/count.js';
import type { Destination } from '../../../repository/destination.js';
import type { OptionSpecs } from '../../argv/option-specs.js';
import { parseDuration } from '../../values/duration.js';
import { workerOption } from './workers.js';
import { objectLockOptions } from './lock-options.js';

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

function parsePattern(text: string): string {
  if (text !== '') return text;
  throw new MangamotionError('usage', 'must be a pattern of keys, such as billing:*');
}

/** Throws `usage` for a text that tells what is wrong. */
function orUsage<Value extends object>(read: Value | string): Value {
  if (typeof read !== 'string') return read;
  throw new MangamotionError('usage', read);
}
