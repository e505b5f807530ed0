/** Names of backups, and what the files of a destination are by their names. */

export const BACKUP_TYPES = ['full', 'incremental', 'metadata'] as const;
export type BackupType = (typeof BACKUP_TYPES)[number];

export const ARCHIVE_SUFFIX = '.tar.gz';
export const SUMMARY_SUFFIX = '.json';
/** A file that is still being written. Whoever creates `ID.tar.gz.partial` owns the id. */
export const PARTIAL_SUFFIX = '.partial';

const BACKUP_ID = /^minio_backup_(full|incremental|metadata)_(\d{8})_(\d{6})$/;

/** `minio_backup_full_20240115_020000`, in UTC. */
export function backupIdFor(type: BackupType, time: Date): string {
  const digits = time.toISOString().replaceAll(/[-:]/g, '');
  return `minio_backup_${type}_${digits.slice(0, 8)}_${digits.slice(9, 15)}`;
}

function isBackupId(name: string): boolean {
  return BACKUP_ID.test(name);
}

/** The id in the name of one of a backup's files, or of the backup itself. */
export function backupIdOf(fileName: string): string | undefined {
  const suffix = [ARCHIVE_SUFFIX, SUMMARY_SUFFIX].find((ending) => fileName.endsWith(ending));
  const id = suffix === undefined ? fileName : fileName.slice(0, -suffix.length);
  return isBackupId(id) ? id : undefined;
}

/** The time in a backup's id, in milliseconds since 1970; NaN where it is none. */
export function timeInId(id: string): number {
  const [, , date = '', time = ''] = BACKUP_ID.exec(id) ?? [];
  const day = date.replace(/(....)(..)(..)/, '$1-$2-$3');
  return Date.parse(`${day}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`);
}
