import { defineCommand } from '../../argv/command.js';
import { makesBackup, objectOptions } from './backup-options.js';
import { objectSettings, openBackup } from './open-backup.js';
import { backUp, checkShardOptions, shardOptions } from './shard-options.js';
import { readersFor } from './workers.js';

export const backupIncremental = defineCommand({
  description:
    'Copy what is new or changed since the last backup of the same buckets, and refer to earlier ' +
    'archives for the rest: the result can be restored like a full backup. Without an earlier ' +
    'backup, this makes a full backup. If suspiciously many objects were deleted (over a quarter ' +
    'of at least 100 objects in a bucket, or all), the backup is kept as suspect, and the exit ' +
    'status is 8.',
  ...makesBackup,
  checksSignatures: true,
  options: {
    ...makesBackup.options,
    ...objectOptions,
    ...shardOptions,
    parent: {
      value: 'backup',
      description: 'compare with this backup at the destination instead of the newest',
      complete: 'backup-id',
    },
    refreshMetadata: {
      description: 're-read headers and tags of unchanged objects, which a listing does not show',
    },
  },
  endsWith: [...makesBackup.endsWith, 'damaged'],
  examples: {
    'mangamotion backup incremental /var/backups/minio':
      'back up what has changed since the newest backup',
    'mangamotion backup incremental /var/backups/minio --refresh-metadata':
      'also pick up changed tags and headers',
    'mangamotion backup incremental /var/backups/minio --accept-deletions':
      'back up after an intended clean-up of the store',
  },
  async run(context, { destination }, { parent, refreshMetadata, ...options }) {
    checkShardOptions(options);
    const { backupIdOf } = await import('../../../repository/names.js');
    const { backup, settings, pruned } = await openBackup(
      context,
      destination,
      options,
      await readersFor(context, options.workers),
    );
    const name = parent?.split('/').at(-1);
    const objects = {
      ...settings,
      ...(await objectSettings(context, options)),
      parent: name === undefined ? undefined : (backupIdOf(name) ?? name),
      refreshMetadata,
    };
    return await backUp(context, 'incremental', { backup, options: objects, pruned }, options);
  },
});
