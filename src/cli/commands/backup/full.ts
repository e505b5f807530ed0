import { defineCommand } from '../../argv/command.js';
import {
  makesBackup,
  objectOptions,
  objectSettings,
  openBackup,
  reportBackup,
} from './backup-options.js';
import { readersFor } from './workers.js';

export const backupFull = defineCommand({
  description:
    'Copy every object of every bucket into one archive, NAME.tar.gz, that plain tar can read. ' +
    'Its summary is NAME.json, beside it; without a summary, a backup does not count. The folder ' +
    'must exist.',
  ...makesBackup,
  checksSignatures: true,
  options: { ...makesBackup.options, ...objectOptions },
  examples: {
    'mangamotion backup full /var/backups/minio': 'back up all buckets',
    'mangamotion backup full /var/backups/minio --bucket originals --json':
      'back up one bucket; print the summary as JSON',
    'mangamotion backup full /var/backups/minio --exclude-bucket temp --quiet > /dev/null':
      'for cron: print only warnings and errors',
  },
  async run(context, { destination }, options) {
    const { backUpFull } = await import('../../../backup/full.js');
    const { backup, settings, pruned } = await openBackup(
      context,
      destination,
      options,
      await readersFor(context, options.workers),
    );
    const objects = await objectSettings(context, options);
    return await reportBackup(
      context,
      await backUpFull(backup, { ...settings, ...objects }),
      pruned,
    );
  },
});
