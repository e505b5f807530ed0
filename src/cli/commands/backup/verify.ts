import type { VerifyProblem } from '../../../backup/verify-result.js';
import type { Column } from '../../columns.js';
import { defineCommand } from '../../command.js';
import { statusTone } from './describe.js';
import { findNamed, namingOptions } from './naming.js';

/** Problems that people are shown; the JSON has them all. */
const MOST_PROBLEMS = 50;

export const backupVerify = defineCommand({
  description:
    'Read a whole backup and check every byte of it: the SHA-256 of the archive, the gzip members, ' +
    'the tar, the index, and the SHA-256 of each object. Any finding is named, and the exit status is 5.',
  arguments: {
    backup: {
      description: 'the backup, with or without .tar.gz; or a folder, with --latest or --at',
      complete: 'file',
    },
  },
  options: {
    ...namingOptions,
    quick: {
      description: 'check only the summary, the length of the archive, its footer and directory',
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  exitCodes: [4, 5, 8, 130, 143],
  examples: [
    {
      command: 'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000',
      meaning: 'read and check all of it',
    },
    {
      command:
        'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000 --quick --json',
      meaning: 'a look at a copy that has just arrived',
    },
  ],
  async run(context, { backup }, { latest, at, quick }) {
    const { verifyBackup } = await import('../../../backup/verify.js');
    const located = await findNamed(context, backup, { latest, at });
    const result = await verifyBackup(
      { signal: context.signal, progress: context.progress },
      located,
      { quick },
    );
    context.progress.done();
    await context.output.document({
      json: result,
      human: (page) => {
        const { people } = page;
        const counts = `${people.count(result.objects)} objects, ${people.bytes(result.bytes)}`;
        const mark = result.status === 'ok' ? '✓' : '✕';
        page.fields([
          { label: 'backup', text: result.id },
          { label: 'status', text: `${mark} ${result.status}`, tone: statusTone(result.status) },
          { label: quick ? 'named' : 'verified', text: counts },
        ]);
        if (result.problems.length === 0) return;
        page.text('').table(problemColumns, result.problems.slice(0, MOST_PROBLEMS));
        const more = result.problems.length - MOST_PROBLEMS;
        if (more > 0) page.text(`… and ${people.count(more)} more: --json names them all`);
      },
    });
    return result.status === 'ok' ? undefined : 5;
  },
});

const problemColumns: Column<VerifyProblem>[] = [
  { title: 'problem', name: 'kind', value: ({ kind }) => kind, tone: () => 'bad' },
  { title: 'what', name: 'message', value: ({ message }) => message },
];
