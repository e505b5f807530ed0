import { defineCommand } from '../../argv/command.js';
import { makesBackup } from './backup-options.js';
import { reportBackup } from './report-backup.js';
import { openBackup } from './open-backup.js';

export const backupMetadata = defineCommand({
  description:
    'Copy the settings of every bucket (policy, lifecycle, versioning, tags, encryption, CORS, ' +
    'notifications, object lock, replication) into one archive, as the server returns them, ' +
    'without objects. Full and incremental backups contain these documents too.',
  ...makesBackup,
  examples: {
    'mangamotion backup metadata /var/backups/minio': 'back up the settings of all buckets',
    'mangamotion backup metadata /var/backups/minio --json | jq \'.fidelity.documents[] | select(.state == "failed")\'':
      'list documents that could not be read',
  },
  async run(context, { destination }, options) {
    const { backUpMetadata } = await import('../../../backup/metadata.js');
    const { backup, settings, pruned } = await openBackup(context, destination, options);
    return await reportBackup(context, await backUpMetadata(backup, settings), pruned);
  },
});
