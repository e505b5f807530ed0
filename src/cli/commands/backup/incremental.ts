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

export const backupIncremental = defineCommand({
  description:
    'Copy what is new or changed since the last backup of the same buckets, and refer to earlier ' +
    'archives for the rest: what comes out is a whole backup. Where there is none to compare with, ' +
    'it becomes a full backup. Where suspiciously much was deleted (over a quarter of at least 100 ' +
    'objects of a bucket, or all), the backup is kept as suspect, and the exit status is 8.',
  arguments: destinationArguments,
  options: {
    ...selectionOptions,
    parent: {
      value: 'backup',
      description: 'compare with this backup of the destination, not with the newest',
    },
    refreshMetadata: {
      description: 'read headers and tags of unchanged objects anew: a listing does not show them',
    },
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
    'damaged',
    'unreachable',
    'locked',
    'refused',
    'interrupted',
    'terminated',
  ],
  examples: [
    {
      command: 'mangamotion backup incremental /var/backups/minio',
      meaning: 'what changed since the newest backup there',
    },
    {
      command: 'mangamotion backup incremental /var/backups/minio --refresh-metadata',
      meaning: 'tags too, which a listing does not show',
    },
    {
      command: 'mangamotion backup incremental /var/backups/minio --accept-deletions',
      meaning: 'after a clean-up of the store',
    },
  ],
  async run(context, { destination }, options) {
    const { backUpIncremental } = await import('../../../backup/incremental.js');
    const { backupIdOf } = await import('../../../repository/names.js');
    const { bucket, excludeBucket, parent } = options;
    const { retention, pruned } = await retentionOf(context, options);
    const name = parent?.split('/').at(-1);
    const summary = await backUpIncremental(await openBackupContext(context, destination, bucket), {
      selection: { only: bucket, excluded: excludeBucket },
      parent: name === undefined ? undefined : (backupIdOf(name) ?? name),
      refreshMetadata: options.refreshMetadata,
      guard: await guardOf(context, options),
      acls: options.acls,
      sourceName: await sourceNameOf(context, options),
      ignoreFreeSpace: options.ignoreFreeSpace,
      waitLockMs: options.waitLock ?? 0,
      retention,
    });
    return await reportBackup(context, summary, pruned);
  },
});
