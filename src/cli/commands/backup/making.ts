import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupContext } from '../../../backup/plan.js';
import { MangamotionError } from '../../../errors.js';
import type { RetentionAfterwards } from '../../../backup/prune-after.js';
import { parseCount } from '../../count.js';
import { refuseFoolishPolicy } from '../../../repository/policy.js';
import type { PruneReport } from '../../../repository/prune.js';
import { isS3Url } from '../../../repository/s3-location.js';
import type { Summary } from '../../../repository/summary.js';
import type { CommandContext } from '../../context.js';
import type { ExitStatus } from '../../exit-codes.js';
import { parseDuration } from '../../duration.js';
import { readVersion } from '../../version.js';
import type { Page } from '../../page.js';
import { describeBackup, shortList } from './describe.js';

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

export const lockOption = {
  waitLock: {
    value: 'time',
    description: 'wait so long (such as 30m) for another run at the destination to end',
    parse: parseDuration,
  },
} as const;

export const retentionOptions = {
  keepDays: {
    value: 'n',
    description:
      'afterwards remove the backups of this kind older than so many days (default: BACKUP_RETENTION_DAYS)',
    parse: parseCount,
  },
  noPrune: { description: 'remove nothing afterwards' },
} as const;

/** What to remove afterwards; what that was goes to the returned list. */
export async function retentionOf(
  context: CommandContext,
  { keepDays, noPrune }: { keepDays: number | undefined; noPrune: boolean },
): Promise<{ retention: RetentionAfterwards | undefined; pruned: PruneReport[] }> {
  const pruned: PruneReport[] = [];
  if (noPrune) return { retention: undefined, pruned };
  const policy = { days: keepDays ?? (await context.config()).backup.retentionDays };
  refuseFoolishPolicy(policy);
  return { retention: { policy, onPruned: (report) => pruned.push(report) }, pruned };
}

/** Opens the destination and the store, in this order: a folder that is missing is told at once. */
export async function openBackupContext(
  context: CommandContext,
  location: string,
): Promise<BackupContext> {
  const { openDestination } = await import('../../../repository/locate.js');
  const { backup } = await context.config();
  if (!backup.compression && isS3Url(location)) {
    throw new MangamotionError(
      'usage',
      `BACKUP_COMPRESSION is false, and ${location} is no folder: plain folders need one`,
      { hint: 'Name a folder on this machine, or leave BACKUP_COMPRESSION unset.' },
    );
  }
  const plain = !backup.compression;
  const destination = await openDestination(location, context.cwd, context, { plain });
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
  pruned: readonly PruneReport[],
): Promise<ExitStatus | undefined> {
  context.progress.done();
  if (summary.status === 'suspect') throw suspect(summary);
  await context.output.document({
    json: { ...summary, pruned: pruned.flatMap(({ removed }) => removed) },
    human: (page) => {
      describeBackup(page, summary);
      describePruned(page, pruned);
    },
  });
  return summary.status === 'complete' ? undefined : 3;
}

function describePruned(page: Page, pruned: readonly PruneReport[]): void {
  const removed = pruned.flatMap((report) => report.removed);
  if (removed.length === 0) return;
  const freed = pruned.reduce((sum, report) => sum + report.freed_bytes, 0);
  const names = shortList(removed.map(({ id }) => id));
  page.text(`\nexpired and removed: ${names} (${page.people.bytes(freed)})`);
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
