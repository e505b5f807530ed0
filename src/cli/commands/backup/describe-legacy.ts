import type { BucketEntry } from '../../../archive/directory.js';
import type { LegacyBackup } from '../../../repository/legacy/legacy-backup.js';
import type { OpenBackup } from '../../../repository/open-backup.js';
import { documentsOf } from '../../../reports/backups/legacy.js';
import type { Column } from '../../output/columns.js';
import { bucketColumns } from './describe.js';
import type { Page } from '../../output/page.js';

/** What people read of it. */
export function describeLegacy(page: Page, legacy: LegacyBackup, backup: OpenBackup): void {
  const { people } = page;
  const { objects, bytes, buckets } = backup.directory;
  const archive = legacy.bytes === null ? '' : `, ${people.bytes(legacy.bytes)} in the archive`;
  page.fields([
    { label: 'backup', text: legacy.id },
    { label: 'status', text: 'legacy (made by backup-minio.sh)' },
    { label: 'type', text: legacy.type },
    { label: 'created', text: legacy.createdAt ?? 'unknown' },
    { label: 'in', text: legacy.path },
    { label: 'objects', text: people.count(objects) },
    { label: 'bytes', text: `${people.bytes(bytes)}${archive}` },
  ]);
  page.text('').table(columnsOf(backup), buckets);
  for (const problem of backup.problems) page.text(problem, 'bad');
  for (const { bucket, key, document, reason } of backup.shortfalls) {
    page.text(
      `${document === undefined ? `${bucket}/${key}` : `${document} of ${bucket}`}: ${reason}`,
      'bad',
    );
  }
}

function columnsOf(backup: OpenBackup): Column<BucketEntry>[] {
  return [
    ...bucketColumns,
    {
      title: 'documents',
      name: 'documents',
      value: ({ name }) => documentsOf(backup, name).join(', ') || 'none',
      wraps: true,
    },
  ];
}
