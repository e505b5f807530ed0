import { defineCommand } from '../../argv/command.js';
import {
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

export const backupMetadata = defineCommand({
  description:
    'Copy the settings of every bucket (policy, lifecycle, versioning, tags, encryption, CORS, ' +
    'notifications, object lock, replication) into one archive, as the server returns them, ' +
    'without objects. Full and incremental backups contain these documents too.',
  arguments: destinationArguments,
  options: { ...selectionOptions, ...sourceNameOption, ...retentionOptions, ...lockOption },
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
    {
      command: 'mangamotion backup metadata /var/backups/minio',
      meaning: 'back up the settings of all buckets',
    },
    {
      command:
        'mangamotion backup metadata /var/backups/minio --json | jq \'.fidelity.documents[] | select(.state == "failed")\'',
      meaning: 'list documents that could not be read',
    },
  ],
  async run(context, { destination }, { bucket, excludeBucket, ...options }) {
    const { backUpMetadata } = await import('../../../backup/metadata.js');
    const { retention, pruned } = await retentionOf(context, options);
    const summary = await backUpMetadata(await openBackupContext(context, destination, bucket), {
      selection: { only: bucket, excluded: excludeBucket },
      sourceName: await sourceNameOf(context, options),
      waitLockMs: options.waitLock ?? 0,
      retention,
    });
    return await reportBackup(context, summary, pruned);
  },
});
