import { defineCommand } from '../../argv/command.js';
import {
  freeSpaceOption,
  guardOf,
  guardOptions,
  lockOption,
  destinationArguments,
  openBackupContext,
  reportBackup,
  retentionOf,
  retentionOptions,
  selectionOptions,
  sourceNameOf,
  sourceNameOption,
} from './backup-options.js';

export const backupFull = defineCommand({
  description:
    'Copy every object of every bucket into one archive, NAME.tar.gz, that plain tar can read. ' +
    'Its summary is NAME.json, beside it; without a summary, a backup does not count. The folder ' +
    'must exist.',
  arguments: destinationArguments,
  options: {
    ...selectionOptions,
    ...guardOptions,
    ...sourceNameOption,
    ...freeSpaceOption,
    ...retentionOptions,
    ...lockOption,
  },
  changes: 'always',
  usesStore: true,
  printsRows: false,
  endsWith: [
    'partial',
    'not_found',
    'unreachable',
    'locked',
    'refused',
    'interrupted',
    'terminated',
  ],
  examples: [
    { command: 'mangamotion backup full /var/backups/minio', meaning: 'back up all buckets' },
    {
      command: 'mangamotion backup full /var/backups/minio --bucket originals --json',
      meaning: 'back up one bucket; print the summary as JSON',
    },
    {
      command:
        'mangamotion backup full /var/backups/minio --exclude-bucket temp --quiet > /dev/null',
      meaning: 'for cron: print only warnings and errors',
    },
  ],
  async run(context, { destination }, { bucket, excludeBucket, ignoreFreeSpace, ...options }) {
    const { backUpFull } = await import('../../../backup/full.js');
    const { retention, pruned } = await retentionOf(context, options);
    const summary = await backUpFull(await openBackupContext(context, destination, bucket), {
      selection: { only: bucket, excluded: excludeBucket },
      guard: await guardOf(context, options),
      acls: options.acls,
      sourceName: await sourceNameOf(context, options),
      ignoreFreeSpace,
      waitLockMs: options.waitLock ?? 0,
      retention,
    });
    return await reportBackup(context, summary, pruned);
  },
});
