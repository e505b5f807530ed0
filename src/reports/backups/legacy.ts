import type { LegacyBackup } from '../../repository/legacy/legacy-backup.js';
import type { OpenBackup } from '../../repository/open-backup.js';

/** Returns what is known of a backup of backup-minio.sh without opening it. */
export function legacyDocument({ id, type, createdAt, form, bytes }: LegacyBackup) {
  return { id, type, status: 'legacy', created_at: createdAt, form, archive_bytes: bytes };
}

/** The document of a backup of backup-minio.sh that is open. */
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

/** Returns the names of a bucket's documents: `policy.json`. */
export function documentsOf({ id, directory }: OpenBackup, bucket: string): string[] {
  const folder = `${id}/metadata/${bucket}/`;
  return directory.documents
    .filter(({ path }) => path.startsWith(folder))
    .map(({ path }) => path.slice(folder.length));
}
