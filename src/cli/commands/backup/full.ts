import { setTimeout as sleep } from 'node:timers/promises';
import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../command.js';
import type { CommandContext } from '../../context.js';
import { readVersion } from '../../version.js';
import { describeBackup } from './describe.js';

export const backupFull = defineCommand({
  description:
    'Copy every object of every bucket into one archive, NAME.tar.gz, that plain tar reads. ' +
    'NAME.json beside it is its summary: a backup without a summary does not exist. ' +
    'The folder must exist.',
  arguments: {
    destination: { description: 'the folder that holds the backups', complete: 'folder' },
  },
  options: {
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
    ignoreFreeSpace: {
      description: 'begin although the disk has less room than the last full backup took',
    },
  },
  changes: 'always',
  usesStore: true,
  printsRows: false,
  exitCodes: [3, 4, 6, 8, 130, 143],
  examples: [
    { command: 'mangamotion backup full /var/backups/minio', meaning: 'back up all buckets' },
    {
      command: 'mangamotion backup full /var/backups/minio --bucket originals --json',
      meaning: 'one bucket; the summary as JSON',
    },
    {
      command:
        'mangamotion backup full /var/backups/minio --exclude-bucket temp --quiet > /dev/null',
      meaning: 'for a cron line: silent but for warnings and errors',
    },
  ],
  async run(context, { destination: location }, { bucket, excludeBucket, ignoreFreeSpace }) {
    const { backUpFull } = await import('../../../backup/full.js');
    const { openDestination } = await import('../../../repository/locate.js');
    await refuseFolderArchives(context);
    const destination = await openDestination(location, context.cwd);
    const summary = await backUpFull(
      {
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
      },
      { selection: { only: bucket, excluded: excludeBucket }, ignoreFreeSpace },
    );
    context.progress.done();
    await context.output.document({
      json: summary,
      human: (page) => describeBackup(page, summary),
    });
    return summary.status === 'complete' ? undefined : 3;
  },
});

async function refuseFolderArchives(context: CommandContext): Promise<void> {
  const { backup } = await context.config();
  if (backup.compression) return;
  throw new MangamotionError(
    'configuration',
    'BACKUP_COMPRESSION is false, and this version writes archives only, no plain folders',
    { hint: 'Leave BACKUP_COMPRESSION unset, or set it to true.' },
  );
}
