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
    'archives for the rest: the result can be restored like a full backup. Without an earlier ' +
    'backup, this makes a full backup. If suspiciously many objects were deleted (over a quarter ' +
    'of at least 100 objects in a bucket, or all), the backup is kept as suspect, and the exit ' +
    'status is 8.',
  arguments: destinationArguments,
  options: {
    ...selectionOptions,
    parent: {
      value: 'backup',
      description: 'compare with this backup at the destination instead of the newest',
    },
    refreshMetadata: {
      description: 're-read headers and tags of unchanged objects, which a listing does not show',
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
      meaning: 'back up what has changed since the newest backup',
    },
    {
      command: 'mangamotion backup incremental /var/backups/minio --refresh-metadata',
      meaning: 'also pick up changed tags and headers',
    },
    {
      command: 'mangamotion backup incremental /var/backups/minio --accept-deletions',
      meaning: 'back up after an intended clean-up of the store',
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
