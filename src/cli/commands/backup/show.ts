import type { Summary } from '../../../repository/summary.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import { bucketColumns, describeBackup } from './describe.js';
import { describeLegacy } from './describe-legacy.js';
import { backupArgument, chooseOptions, findBackup } from './backup-name.js';

export const backupShow = defineCommand({
  description:
    'Show the summary of a backup, its buckets, and what it does not contain. A tar.gz made by ' +
    'backup-minio.sh is first unpacked below TMPDIR.',
  arguments: backupArgument,
  options: chooseOptions,
  changes: 'nothing',
  usesStore: false,
  usesDestination: true,
  opensBackups: true,
  printsRows: false,
  endsWith: ['not_found', 'damaged', 'unreachable', 'refused'],
  examples: {
    'mangamotion backup show /var/backups/minio/minio_backup_full_20240115_020000':
      'show the summary',
    "mangamotion backup show /var/backups/minio/minio_backup_full_20240115_020000 --json | jq '.failures'":
      'list objects that could not be captured',
  },
  async run(context, { backup }, { latest, at, line, asStoredAt, trustFirstVersions }) {
    const { readableSummary } = await import('../../../repository/locate.js');
    const located = await findBackup(context, backup, {
      ...{ latest, at, line, asStoredAt, trustFirstVersions, ambiguous: 'widest' },
    });
    if (located.legacy !== undefined) {
      const { found } = located.legacy;
      const { openBackup } = await import('../../../repository/open-backup.js');
      const { openLegacyDocument } = await import('../../../reports/backups/legacy.js');
      const opened = await openBackup(located);
      await opened.archives.close();
      await context.output.document({
        json: openLegacyDocument(found, opened),
        human: (page) => describeLegacy(page, found, opened),
      });
      return undefined;
    }
    const { shownSummary } = await import('../../../repository/whole-summary.js');
    const { summary, hidden } = await shownSummary(
      located.destination,
      readableSummary(located.backup),
    );
    if (hidden !== undefined) context.warn(`what names objects is not shown: ${hidden}`);
    const { showBackup } = await import('../../../reports/backups/show.js');
    const { destination } = located;
    const backups = await destination.list();
    const { lock } = summary;
    const { readHeldLock } = await import('../../../repository/lock-state.js');
    const held = lock === undefined ? undefined : await readHeldLock(destination, summary.id);
    const known = { location: destination.location, backups, held };
    const { document, summary: own, shown } = showBackup(summary, known);
    await context.output.document({
      json: document,
      human: (page) => {
        describeBackup(page, own, shown);
        page.text('').table(bucketColumns, own.buckets);
        const documents = documentRows(own.fidelity.documents);
        if (documents.length > 0) page.text('').table(documentColumns, documents);
        const missing = own.fidelity.not_captured.map((what) => `  ${what}`);
        page.text(['', 'not in this backup:', ...missing].join('\n'), 'muted');
      },
    });
    return undefined;
  },
});

interface DocumentRow {
  bucket: string;
  /** Of all the documents that are not simply none. */
  documents: string;
}

function documentRows(fidelity: Summary['fidelity']['documents']): DocumentRow[] {
  const rows = new Map<string, string[]>();
  for (const { bucket, document, state } of fidelity) {
    const texts = rows.get(bucket) ?? [];
    if (state !== 'none') texts.push(state === 'captured' ? document : `${document} ${state}`);
    rows.set(bucket, texts);
  }
  return [...rows].map(([bucket, texts]) => ({ bucket, documents: texts.join(', ') || 'none' }));
}

const documentColumns: Column<DocumentRow>[] = [
  { title: 'bucket', name: 'bucket', value: ({ bucket }) => bucket },
  { title: 'documents', name: 'documents', value: ({ documents }) => documents, wraps: true },
];
