import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupContext } from '../../../backup/make-backup.js';
import { MangamotionError } from '../../../errors.js';
import { isS3Url } from '../../../repository/s3-location.js';
import type { Summary } from '../../../repository/summary.js';
import type { CommandContext } from '../../context.js';
import type { ExitStatus } from '../../exit-codes.js';
import { readVersion } from '../../version.js';
import { describeBackup } from './describe.js';

/** What the commands that make a backup have in common. */

export const makingArguments = {
  destination: {
    description: 'the folder or s3://bucket/prefix that holds the backups',
    complete: 'folder',
  },
} as const;

export const selectionOptions = {
  bucket: {
    value: 'name',
    description: 'back up this bucket alone',
    repeatable: true,
  },
  excludeBucket: {
    value: 'name',
    description: 'leave this bucket out',
    repeatable: true,
  },
} as const;

export const freeSpaceOption = {
  ignoreFreeSpace: {
    description: 'begin although the disk has less room than the last full backup took',
  },
} as const;

/** Opens the destination and the store, in this order: a folder that is missing is told at once. */
export async function openBackupContext(
  context: CommandContext,
  location: string,
): Promise<BackupContext> {
  const { openDestination } = await import('../../../repository/locate.js');
  await refuseFolderArchives(context, location);
  const destination = await openDestination(location, context.cwd, context);
  return {
    store: await context.openStore(),
    destination,
    signal: context.signal,
    progress: {
      start: (label) => context.progress.start(label),
      update: (counts) => context.progress.update(counts),
      warn: (message) => context.warn(message),
    },
    clock: {
      now: () => context.now(),
      sleep: (ms) => sleep(ms, undefined, { signal: context.signal }),
    },
    tool: `mangamotion ${readVersion()}`,
  };
}

/** Prints the answer; resolves to the exit status. */
export async function reportBackup(
  context: CommandContext,
  summary: Summary,
): Promise<ExitStatus | undefined> {
  context.progress.done();
  if (summary.status === 'suspect') throw suspect(summary);
  await context.output.document({
    json: summary,
    human: (page) => describeBackup(page, summary),
  });
  return summary.status === 'complete' ? undefined : 3;
}

function suspect({ id, suspicious }: Summary): MangamotionError {
  const buckets = suspicious.map(
    ({ bucket, before, deleted }) => `${deleted} of ${before} objects of ${bucket}`,
  );
  return new MangamotionError(
    'refused',
    `${id} is kept as suspect: since its parent the store lost ${buckets.join(', ')}`,
    {
      hint: 'If these deletions were meant, run it again with --accept-deletions. Nothing was pruned.',
    },
  );
}

async function refuseFolderArchives(context: CommandContext, location: string): Promise<void> {
  const { backup } = await context.config();
  if (backup.compression) return;
  if (isS3Url(location)) {
    throw new MangamotionError(
      'usage',
      `BACKUP_COMPRESSION is false, and ${location} is no folder: plain folders need one`,
      { hint: 'Name a folder on this machine, or leave BACKUP_COMPRESSION unset.' },
    );
  }
  throw new MangamotionError(
    'configuration',
    'BACKUP_COMPRESSION is false, and this version writes archives only, no plain folders',
    { hint: 'Leave BACKUP_COMPRESSION unset, or set it to true.' },
  );
}
