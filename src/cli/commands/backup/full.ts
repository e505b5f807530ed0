import { defineCommand } from '../../argv/command.js';
import { makesBackup, objectOptions } from './backup-options.js';
import { objectSettings, openBackup } from './open-backup.js';
import { backUp, checkShardOptions, shardOptions } from './shard-options.js';
import { readersFor } from './workers.js';

export const backupFull = defineCommand({
  description:
    'Copy every object of every bucket into one archive, NAME.tar.gz, that plain tar can read. ' +
    'Its summary is NAME.json, beside it; without a summary, a backup does not count. The folder ' +
    'must exist.',
  ...makesBackup,
  checksSignatures: true,
  options: { ...makesBackup.options, ...objectOptions, ...shardOptions },
  examples: {
    'mangamotion backup full /var/backups/minio': 'back up all buckets',
    'mangamotion backup full /var/backups/minio --bucket originals --json':
      'back up one bucket; print the summary as JSON',
    'mangamotion backup full /var/backups/minio --exclude-bucket temp --quiet > /dev/null':
      'for cron: print only warnings and errors',
  },
  async run(context, { destination }, options) {
    checkShardOptions(options);
    const { backup, settings, pruned } = await openBackup(
      context,
      destination,
      options,
      await readersFor(context, options.workers),
    );
    const objects = { ...settings, ...(await objectSettings(context, options)) };
    return await backUp(context, 'full', { backup, options: objects, pruned }, options);
  },
});
