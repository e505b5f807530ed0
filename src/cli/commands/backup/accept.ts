import { MangamotionError } from '../../../errors.js';
import type { AcceptableBackup } from '../../../repository/lines/acceptance.js';
import { defineCommand } from '../../argv/command.js';
import type { Page } from '../../output/page.js';
import { suspicionText } from './describe.js';
import { WRITING_ENDS, lockOption } from './backup-options.js';

export const backupAccept = defineCommand({
  description:
    'Accept a suspect backup: the deleted or wiped objects were intended. The backup then counts ' +
    'as trusted, --latest can choose it, and retention of its line resumes. The backup itself ' +
    'does not change: a small file beside it, NAME.accepted, records this.',
  arguments: {
    backup: {
      description: 'the backup (a path or s3://bucket/prefix/NAME), with or without .tar.gz',
      complete: 'backup',
    },
  },
  options: lockOption,
  changes: 'dry-run',
  usesStore: false,
  usesDestination: true,
  printsRows: false,
  endsWith: ['damaged', ...WRITING_ENDS],
  examples: {
    'mangamotion backup accept /var/backups/minio/minio_backup_full_20240115_020000':
      'accept a backup after intended deletions',
    'mangamotion backup accept s3://backups/minio/minio_backup_full_20240115_020000 --dry-run':
      'show the changes that would be accepted',
  },
  async run(context, { backup }, { waitLock }) {
    const { locateBackup, readableSummary } = await import('../../../repository/locate.js');
    const { findAcceptable } = await import('../../../repository/lines/acceptance.js');
    const { withLock } = await import('../../../repository/with-lock.js');
    const located = await locateBackup(backup, context.cwd, context);
    const { destination } = located;
    if (located.legacy !== undefined) {
      throw new MangamotionError(
        'usage',
        `${backup} was made by backup-minio.sh and is never suspect`,
      );
    }
    const { id } = readableSummary(located.backup);
    const find = async () => findAcceptable(await destination.list(), id);
    const accepted = context.dryRun
      ? await find()
      : await withLock(
          {
            ...{ destination, command: 'backup accept', waitMs: waitLock ?? 0 },
            ...{ signal: context.signal, warn: (line) => context.warn(line) },
          },
          async (lock) => {
            const found = await find();
            await lock.check();
            if (!found.isAccepted) await destination.mark(id, 'accepted', true);
            return found;
          },
        );
    await context.output.document({
      json: {
        id,
        line: accepted.line.name,
        dry_run: context.dryRun,
        already_accepted: accepted.isAccepted,
        suspicious: accepted.backup.summary.suspicious,
      },
      human: (page) => describe(page, accepted, context.dryRun),
    });
    return undefined;
  },
});

function describe(
  page: Page,
  { line, backup, isAccepted }: AcceptableBackup,
  dryRun: boolean,
): void {
  for (const suspicion of backup.summary.suspicious) page.text(suspicionText(suspicion));
  const done = dryRun ? 'would accept' : isAccepted ? '✓ already accepted:' : '✓ accepted';
  page.text(`${done} ${backup.id} of line ${line.name}`, dryRun ? undefined : 'good');
}
