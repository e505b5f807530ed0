import type { BucketEntry } from '../../../archive/directory.js';
import type { LegacyBackup } from '../../../repository/legacy/legacy-backup.js';
import type { OpenBackup } from '../../../repository/open-backup.js';
import type { Column } from '../../output/columns.js';
import { bucketColumns } from './describe.js';
import type { Page } from '../../output/page.js';

/** What is known of a backup of backup-minio.sh without opening it, in the JSON of its commands. */
export function legacyDocument({ id, type, createdAt, form, bytes }: LegacyBackup) {
  return { id, type, status: 'legacy', created_at: createdAt, form, archive_bytes: bytes };
}

/** The same of one that is open. */
export function openLegacyDocument(legacy: LegacyBackup, backup: OpenBackup) {
  const { objects, bytes, buckets } = backup.directory;
  return {
    ...legacyDocument(legacy),
    objects: { total: objects },
    bytes,
    buckets: buckets.map((bucket) => ({
      name: bucket.name,
      objects: bucket.objects,
      bytes: bucket.bytes,
      documents: documentsOf(backup, bucket.name),
    })),
    problems: backup.problems,
    failures: backup.shortfalls,
  };
}

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

function documentsOf({ id, directory }: OpenBackup, bucket: string): string[] {
  const folder = `${id}/metadata/${bucket}/`;
  return directory.documents
    .filter(({ path }) => path.startsWith(folder))
    .map(({ path }) => path.slice(folder.length));
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
