import { PARTIAL_SUFFIX } from '../files/sync.js';

/** The names of backups and of the files of a destination. Pure. */

export const BACKUP_TYPES = ['full', 'incremental', 'metadata'] as const;
export type BackupType = (typeof BACKUP_TYPES)[number];

export const ARCHIVE_SUFFIX = '.tar.gz';
export const SUMMARY_SUFFIX = '.json';
/** An archive that is encrypted: an age file whose payload is the tar.gz. */
export const ENCRYPTED_SUFFIX = '.tar.gz.age';
/** The index of an encrypted archive, which the host that made it can read. */
export const SIDECAR_SUFFIX = '.index.age';
/** The signature of a summary, in minisign's format. */
export const SIGNATURE_SUFFIX = '.json.minisig';
/** The archive of a backup has one of these endings, unless it is a plain folder. */
export const ARCHIVE_SUFFIXES = [ARCHIVE_SUFFIX, ENCRYPTED_SUFFIX] as const;
/**
 * The marks of a backup: expired, and kept only because others refer to it; suspect, but accepted;
 * the last one of a retired line.
 */
export const MARKS = ['expired', 'accepted', 'retired'] as const;
export type Mark = (typeof MARKS)[number];

/** The content of a mark, for people. Only the existence of the file counts. */
export const MARK_TEXTS: Readonly<Record<Mark, string>> = {
  expired: 'expired: kept only because other backups refer to its archive\n',
  accepted: 'accepted: what made it suspect was meant\n',
  retired: 'retired: its line has ended, unless a newer backup has joined it\n',
};

export function markSuffix(mark: Mark): string {
  return `.${mark}`;
}

const SUFFIXES = [
  ...ARCHIVE_SUFFIXES,
  SIDECAR_SUFFIX,
  SUMMARY_SUFFIX,
  SIGNATURE_SUFFIX,
  ...MARKS.map(markSuffix),
];

/** The path of the directory in an archive that is a plain folder. */
export const DIRECTORY_FILE = 'index/directory.json';

/** The beginning of every id. */
export const BACKUP_ID_START = 'minio_backup_';
const BACKUP_ID = /^minio_backup_(full|incremental|metadata)_(\d{8})_(\d{6})$/;

/** `minio_backup_full_20240115_020000`, in UTC. */
export function backupIdFor(type: BackupType, time: Date): string {
  const digits = time.toISOString().replaceAll(/[-:]/g, '');
  return `${BACKUP_ID_START}${type}_${digits.slice(0, 8)}_${digits.slice(9, 15)}`;
}

/** Returns the type in an id; `undefined` if it is not an id. */
export function backupTypeOf(id: string): BackupType | undefined {
  const type = BACKUP_ID.exec(id)?.[1];
  return BACKUP_TYPES.find((known) => known === type);
}

/** Returns the time in an id, to the second; an invalid date if it has none. */
export function backupTimeOf(id: string): Date {
  const [, , date = '', time = ''] = BACKUP_ID.exec(id) ?? [];
  const [day, clock] = [date.replace(/(..)(..)$/, '-$1-$2'), time.replace(/(..)(..)$/, ':$1:$2')];
  return new Date(`${day}T${clock}Z`);
}

/** The names that the archive of a backup may have: others are forged, and may lead anywhere. */
export function archiveNamesOf(id: string): string[] {
  return [...ARCHIVE_SUFFIXES.map((suffix) => id + suffix), id];
}

function isBackupId(name: string): boolean {
  return BACKUP_ID.test(name);
}

/** Returns the id in the name of a backup or of one of its files. */
export function backupIdOf(fileName: string): string | undefined {
  const suffix = SUFFIXES.find((ending) => fileName.endsWith(ending));
  const id = suffix === undefined ? fileName : fileName.slice(0, -suffix.length);
  return isBackupId(id) ? id : undefined;
}

/** Returns the id in a file name, even if the file is incomplete (`PARTIAL_SUFFIX`). */
export function reservedIdOf(fileName: string): string | undefined {
  const isPartial = fileName.endsWith(PARTIAL_SUFFIX);
  return backupIdOf(isPartial ? fileName.slice(0, -PARTIAL_SUFFIX.length) : fileName);
}
