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
/** The id of a part: the id of its backup, the number of the shard, and a token of who captured it. */
const PART_ID = /^(minio_backup_(?:full|incremental)_\d{8}_\d{6})\.part-(\d{5,7})-([0-9a-f]{8})$/;
/** A file with a longer number would not be recognised as a part, and would stay forever. */
export const MOST_PART_NUMBER = 9_999_999;
/** The plan of a run whose backup is made of parts. */
export const PLAN_SUFFIX = '.plan.json';

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

/** `minio_backup_full_20240115_020000.part-00017-0f3a9c21`. `token`: 8 hex digits, new for each try. */
export function partIdFor(backup: string, shard: number, token: string): string {
  if (shard > MOST_PART_NUMBER) throw new RangeError(`a part cannot have the number ${shard}`);
  return `${backup}.part-${String(shard).padStart(5, '0')}-${token}`;
}

/** Returns the backup and the shard in the id of a part; `undefined` if it is not one. */
export function partOf(id: string): { backup: string; shard: number } | undefined {
  const [, backup, shard] = PART_ID.exec(id) ?? [];
  return backup === undefined ? undefined : { backup, shard: Number(shard) };
}

/** Returns the id of the run in the name of its plan. */
export function planIdOf(fileName: string): string | undefined {
  if (!fileName.endsWith(PLAN_SUFFIX)) return undefined;
  const id = fileName.slice(0, -PLAN_SUFFIX.length);
  return isBackupId(id) ? id : undefined;
}

const SPLIT_NOTE = /^(.+)\.split-[0-9a-f]{8}\.json$/;

/** Returns the id of the run in the name of a note about a divided range. */
export function splitIdOf(fileName: string): string | undefined {
  const id = SPLIT_NOTE.exec(fileName)?.[1];
  return id !== undefined && isBackupId(id) ? id : undefined;
}

/** Returns the id in the name of a file of a part. */
export function partIdOf(fileName: string): string | undefined {
  const id = withoutSuffix(fileName);
  return partOf(id) === undefined ? undefined : id;
}

/** Returns the id in the name of a backup or of one of its files. */
export function backupIdOf(fileName: string): string | undefined {
  const id = withoutSuffix(fileName);
  return isBackupId(id) ? id : undefined;
}

function withoutSuffix(fileName: string): string {
  const suffix = SUFFIXES.find((ending) => fileName.endsWith(ending));
  return suffix === undefined ? fileName : fileName.slice(0, -suffix.length);
}

/**
 * Returns the id of the backup or of the part in a file name, even if the file is incomplete
 * (`PARTIAL_SUFFIX`).
 */
export function reservedIdOf(fileName: string): string | undefined {
  const isPartial = fileName.endsWith(PARTIAL_SUFFIX);
  const name = isPartial ? fileName.slice(0, -PARTIAL_SUFFIX.length) : fileName;
  return backupIdOf(name) ?? partIdOf(name);
}

/** Whether a file keeps the id of a backup from being used: it belongs to it, to a part, or to its run. */
export function isOfBackup(fileName: string, id: string): boolean {
  const reserved = reservedIdOf(fileName) ?? planIdOf(fileName) ?? splitIdOf(fileName);
  if (reserved === undefined) return false;
  return reserved === id || partOf(reserved)?.backup === id;
}
