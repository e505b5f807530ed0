import type { VerifyProblem } from '../../../backup/verify/result.js';
import { MangamotionError } from '../../../errors.js';
import type { Column } from '../../output/columns.js';
import { countOf } from '../../output/units.js';
import { parseShare } from '../../values/share.js';
import { defineCommand } from '../../argv/command.js';
import { MOST_PROBLEMS } from './describe.js';
import { withMark } from './status-marks.js';
import { backupArgument, chooseOptions, findBackup } from './backup-name.js';

export const backupVerify = defineCommand({
  description:
    'Read a whole backup and check every byte: the SHA-256 of the archive, the gzip members, the ' +
    'tar, the index, and the SHA-256 of each object. Problems are listed, and the exit status is ' +
    '5. Backups made by backup-minio.sh are refused, because they have no checksums.',
  arguments: backupArgument,
  options: {
    ...chooseOptions,
    quick: {
      description: 'check only the summary, and the length, footer and directory of the archive',
    },
    sample: {
      value: 'share',
      description: 'read the index and a random share of the objects, such as 5%',
      parse: parseShare,
    },
  },
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  printsRows: false,
  endsWith: ['not_found', 'damaged', 'unreachable', 'refused', 'interrupted', 'terminated'],
  examples: {
    'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000':
      'check the whole backup',
    'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000 --quick --json':
      'check a copy that has just arrived',
    'mangamotion backup verify /var/backups/minio/minio_backup_full_20240115_020000 --sample 5%':
      'for a nightly job: over time it covers everything',
  },
  async run(context, { backup }, { latest, at, line, quick, sample }) {
    if (quick && sample !== undefined) {
      throw new MangamotionError('usage', '--quick and --sample cannot be combined');
    }
    const { cannotVerifyLegacy } = await import('../../../repository/legacy/legacy-backup.js');
    const { verifyBackup } = await import('../../../backup/verify/verify.js');
    const located = await findBackup(context, backup, { latest, at, line, ambiguous: 'widest' });
    if (located.legacy !== undefined) throw cannotVerifyLegacy(located.legacy.found);
    const result = await verifyBackup(
      { signal: context.signal, progress: context.progress },
      located,
      { quick, sample },
    );
    context.progress.done();
    await context.output.document({
      json: result,
      human: (page) => {
        const { people } = page;
        const counts = `${countOf(result.objects, 'object')}, ${people.bytes(result.bytes)}`;
        page.fields([
          { label: 'backup', text: result.id },
          { label: 'status', ...withMark(result.status) },
          { label: quick ? 'named' : sample === undefined ? 'verified' : 'sampled', text: counts },
        ]);
        if (result.problems.length === 0) return;
        page.text('').table(problemColumns, result.problems.slice(0, MOST_PROBLEMS));
        const more = result.problems.length + result.problems_omitted - MOST_PROBLEMS;
        if (more > 0) page.text(`… and ${people.count(more)} more: --json lists up to 10,000`);
      },
    });
    return result.status === 'ok' ? undefined : 'damaged';
  },
});

const problemColumns: Column<VerifyProblem>[] = [
  { title: 'problem', name: 'kind', value: ({ kind }) => kind, tone: () => 'bad' },
  { title: 'what', name: 'message', value: ({ message }) => message, wraps: true },
];
