import { basename } from 'node:path';
import { MangamotionError } from '../../../errors.js';
import type { LineScope, Wanted } from '../../../repository/choose-backup.js';
import type { DestinationOptions } from '../../../repository/locate.js';
import type { LocatedBackup } from '../../../repository/located-backup.js';
import type { OptionSpecs } from '../../argv/option-specs.js';
import type { CommandContext } from '../../argv/command.js';
import { type Moment, parseMoment } from '../../../moment.js';

/** The argument and the options of every command that reads one backup. */
export const backupArgument = {
  backup: {
    description:
      'the backup (a path or s3://bucket/prefix/NAME), with or without .tar.gz; with --latest or ' +
      '--at, a destination',
    complete: 'backup',
  },
} as const;

export const storedAtOption = {
  asStoredAt: {
    value: 'time',
    description:
      'read the destination as it was stored at this time (as for --at, by the clock of its server), ' +
      'past deletions and overwrites since (s3:// with versions only)',
    parse: parseMoment,
  },
  trustFirstVersions: {
    description:
      'with --as-stored-at: also take backups whose files have later times, and use the first version ' +
      'of each file; some servers, such as Ceph, give a file a new time when its lock is extended. ' +
      'Somebody may have uploaded such a backup later under a name that looks older: if signers are ' +
      'set (--signer, BACKUP_SIGNER), only backups that they signed are taken',
  },
} as const satisfies OptionSpecs;

export const chooseOptions = {
  latest: { description: 'use the newest complete backup with objects at this destination' },
  at: {
    value: 'time',
    description:
      'use the newest complete backup made by this time: 2024-01-15 (end of day), "2024-01-15 ' +
      '02:00" (UTC), RFC 3339, or an age such as 36h or 7d; newest goes by sequence, not by clock',
    parse: parseMoment,
  },
  line: {
    value: 'name',
    description:
      'with --latest or --at, choose from this line if there are several (see backup list)',
  },
  ...storedAtOption,
} as const satisfies OptionSpecs;

export interface PastValues {
  asStoredAt?: Moment | undefined;
  trustFirstVersions?: boolean | undefined;
}

/** Returns which past of a destination is meant. Throws `usage` if the options do not fit. */
export function pastIn(
  { asStoredAt, trustFirstVersions = false }: PastValues,
  now: Date,
): DestinationOptions['storedAt'] {
  if (asStoredAt !== undefined) return { at: asStoredAt(now), trustFirstVersions };
  if (!trustFirstVersions) return undefined;
  throw new MangamotionError('usage', '--trust-first-versions needs --as-stored-at');
}

export interface ChooseValues extends Omit<LineScope, 'line'>, PastValues {
  latest: boolean;
  at: Moment | undefined;
  line?: string | undefined;
}

/**
 * Resolves to the backup of this path; or, with --latest or --at, to one of this folder, which is named
 * on stderr. Where the folder holds several lines, and neither `line` nor `buckets` says which is meant,
 * it rejects with `usage` unless `ambiguous` says to take the widest.
 */
export async function findBackup(
  context: FindContext,
  named: string,
  choice: ChooseValues,
  holds: Wanted = 'objects',
): Promise<LocatedBackup> {
  const stop = context.progress.waitFor('listing');
  return await find(context, named, choice, holds).finally(stop);
}

type FindContext = Pick<
  CommandContext,
  'cwd' | 'now' | 'warn' | 'progress' | 'openBackupStore' | 'signal'
>;

async function find(
  context: FindContext,
  named: string,
  { latest, at, line, buckets, ambiguous, ...past }: ChooseValues,
  holds: Wanted,
): Promise<LocatedBackup> {
  const { locateBackup, openDestination } = await import('../../../repository/locate.js');
  if (latest && at !== undefined) {
    throw new MangamotionError('usage', '--latest and --at cannot be combined');
  }
  if (!latest && at === undefined && line !== undefined) {
    throw new MangamotionError('usage', '--line needs --latest or --at');
  }
  const options = { storedAt: pastIn(past, context.now()) };
  if (!latest && at === undefined) {
    return await locateBackup(named, context.cwd, context, options);
  }
  const { backupIdOf } = await import('../../../repository/names.js');
  if (backupIdOf(basename(named)) !== undefined) {
    throw new MangamotionError('usage', `${named} is one backup: --latest and --at need a folder`, {
      hint: 'Give the folder that holds the backups, or omit the option.',
    });
  }
  const { chooseBackup } = await import('../../../repository/choose-backup.js');
  const destination = await openDestination(named, context.cwd, context, options);
  const chosen = chooseBackup(
    await destination.list(),
    at?.(context.now()),
    destination.location,
    holds,
    { line, buckets, ambiguous },
  );
  const { backup, otherLines } = chosen;
  const ofLine = otherLines.length === 0 ? '' : ` of line ${chosen.line}, the widest`;
  context.progress.note(`mangamotion: chose ${backup.id}${ofLine}`);
  if (otherLines.length > 0) {
    context.warn(`there are other lines (choose one with --line): ${otherLines.join(', ')}`);
  }
  for (const { id, reason } of chosen.passedOver) context.warn(`skipped ${id}: ${reason}`);
  return { destination, backup };
}
