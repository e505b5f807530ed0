/** Names of backups, and what the files of a destination are by their names. */

export const BACKUP_TYPES = ['full', 'incremental', 'metadata'] as const;
export type BackupType = (typeof BACKUP_TYPES)[number];

export const ARCHIVE_SUFFIX = '.tar.gz';
export const SUMMARY_SUFFIX = '.json';
/** A file that is still being written. Whoever creates `ID.tar.gz.partial` owns the id. */
export const PARTIAL_SUFFIX = '.partial';
/** A mark beside a backup that has expired, and stays because others refer to it. */
export const EXPIRED_SUFFIX = '.expired';

const SUFFIXES = [ARCHIVE_SUFFIX, SUMMARY_SUFFIX, EXPIRED_SUFFIX];

const BACKUP_ID = /^minio_backup_(full|incremental|metadata)_(\d{8})_(\d{6})$/;

/** `minio_backup_full_20240115_020000`, in UTC. */
export function backupIdFor(type: BackupType, time: Date): string {
  const digits = time.toISOString().replaceAll(/[-:]/g, '');
  return `minio_backup_${type}_${digits.slice(0, 8)}_${digits.slice(9, 15)}`;
}

/** The type in an id. */
export function backupTypeOf(id: string): BackupType | undefined {
  const type = BACKUP_ID.exec(id)?.[1];
  return BACKUP_TYPES.find((known) => known === type);
}

/** The time in an id, to the second; an invalid date where it names none. */
export function backupTimeOf(id: string): Date {
  const [, , date = '', time = ''] = BACKUP_ID.exec(id) ?? [];
  const [day, clock] = [date.replace(/(..)(..)$/, '-$1-$2'), time.replace(/(..)(..)$/, ':$1:$2')];
  return new Date(`${day}T${clock}Z`);
}

function isBackupId(name: string): boolean {
  return BACKUP_ID.test(name);
}

/** The id in the name of one of a backup's files, or of the backup itself. */
export function backupIdOf(fileName: string): string | undefined {
  const suffix = SUFFIXES.find((ending) => fileName.endsWith(ending));
  const id = suffix === undefined ? fileName : fileName.slice(0, -suffix.length);
  return isBackupId(id) ? id : undefined;
}
