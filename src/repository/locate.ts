import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import type { Destination, BackupEntry } from './destination.js';
import type { LocatedBackup } from './located-backup.js';
import { FolderDestination, type FolderOptions } from './folder/folder-destination.js';
import { type LegacyBackup, findLegacy } from './legacy/legacy-backup.js';
import type { Vault } from './encryption/vault.js';
import { backupIdOf, partIdOf, partOf } from './names.js';
import { S3Destination } from './s3/s3-destination.js';
import { type Past, openStoredAt } from './s3/stored-at.js';
import { isS3Url, parseS3Url, splitS3Url } from './s3/s3-location.js';
import { SUMMARY_VERSION, type Summary } from './summary.js';
import { refuseNewerVersion } from '../archive/reader.js';

/** The access to a destination that is not a folder. */
export interface RemoteAccess {
  /** Opens the store of `s3://` destinations, with retries. */
  openBackupStore: () => Promise<ObjectStore>;
  signal: AbortSignal;
  /** Opens the keys for encrypted backups. Rejects with `configuration` if they are wrong. */
  openVault?: () => Promise<Vault>;
  /** The settings; absent: this access only reads. */
  config?: () => Promise<Pick<Config, 'backup'>>;
  warn?: (message: string) => void;
}

export interface DestinationOptions extends FolderOptions {
  /** Delete and overwrite nothing in an `s3://` destination; absent: as the settings say. */
  appendOnly?: boolean | undefined;
  /** Show the destination as it was then, and refuse every write (s3:// only). */
  storedAt?: Pick<Past, 'at' | 'trustFirstVersions'> | undefined;
}

/**
 * Opens the destination that the user names: a folder (relative to `cwd`) or `s3://bucket/prefix`.
 * A missing bucket is only noticed at its first use.
 */
export async function openDestination(
  location: string,
  cwd = '',
  access?: RemoteAccess,
  { storedAt, ...options }: DestinationOptions = {},
): Promise<Destination> {
  if (isS3Url(location) && access !== undefined) {
    const place = { ...parseS3Url(location), signal: access.signal };
    const appendOnly = options.appendOnly ?? (await access.config?.())?.backup.appendOnly;
    const now = await access.openBackupStore();
    const vault = options.vault ?? (await access.openVault?.());
    const store =
      storedAt === undefined
        ? now
        : await openStoredAt(now, place, {
            ...storedAt,
            signers: vault?.signers ?? [],
            warn: access.warn,
          });
    return new S3Destination({ ...place, store, appendOnly }, vault);
  }
  refuseUrl(location);
  if (storedAt !== undefined) throw withoutVersions(location);
  const vault = options.vault ?? (await access?.openVault?.());
  return await FolderDestination.open(resolve(cwd, location), { ...options, vault });
}

/**
 * Locates a backup by its path (relative to `cwd`) or URL, with or without `.tar.gz` or `.json`.
 */
export async function locateBackup(
  named: string,
  cwd = '',
  access?: RemoteAccess,
  options: Pick<DestinationOptions, 'storedAt'> = {},
): Promise<LocatedBackup> {
  if (isS3Url(named) && access !== undefined) return await locateInBucket(named, access, options);
  refuseUrl(named);
  if (options.storedAt !== undefined) throw withoutVersions(named);
  const path = resolve(cwd, named);
  const id = backupIdOf(basename(path));
  if (id === undefined) throw aPart(path) ?? (await notABackup(path));
  const folder = dirname(path);
  const destination = await openDestination(folder, '', access).catch((error: unknown) => {
    if (error instanceof MangamotionError && error.code === 'not_found') {
      throw new MangamotionError(
        'not_found',
        `no backup at ${path}: the folder ${folder} does not exist`,
        {
          cause: error,
        },
      );
    }
    throw error;
  });
  try {
    return { destination, backup: await destination.read(id) };
  } catch (error) {
    if (!isMangamotionError(error, 'not_found')) throw error;
    const found = await findLegacy(folder, id);
    if (found === undefined) throw error;
    return locatedLegacy(destination, found, access?.signal);
  }
}

function locatedLegacy(
  destination: Destination,
  found: LegacyBackup,
  signal: AbortSignal | undefined,
): LocatedBackup {
  const reason = 'it was made by backup-minio.sh and has no summary';
  // A legacy folder exists, but its size is not known.
  const archiveBytes = found.bytes ?? 0;
  const backup: BackupEntry = {
    id: found.id,
    summary: { kind: 'damaged', reason },
    archiveBytes,
    expired: false,
  };
  return { destination, backup, legacy: { found, signal } };
}

async function locateInBucket(
  named: string,
  access: RemoteAccess,
  options: DestinationOptions,
): Promise<LocatedBackup> {
  const split = splitS3Url(named);
  const id = split === undefined ? undefined : backupIdOf(split.name);
  if (split === undefined || id === undefined) {
    const part = aPart(named);
    if (part !== undefined) throw part;
    throw new MangamotionError('usage', `${named} is a destination, not a backup`, {
      hint: `Name one of its backups; "mangamotion backup list ${named}" lists them.`,
    });
  }
  const destination = await openDestination(split.folder, '', access, options);
  return { destination, backup: await destination.read(id) };
}

/** Returns the summary. Throws `damaged` if it cannot be read, and `refused` if it is newer. */
export function readableSummary(backup: BackupEntry): Summary {
  refuseNewerSummary(backup);
  if (backup.summary.kind === 'valid') return backup.summary.summary;
  const reason = backup.summary.kind === 'damaged' ? backup.summary.reason : '';
  throw new MangamotionError('damaged', `${backup.id}: ${reason}`, {
    hint: 'Its archive may still be intact: extract it with "tar -xzf", or copy from it if it is a folder.',
  });
}

export function refuseNewerSummary({ summary }: BackupEntry): void {
  if (summary.kind === 'newer') refuseNewerVersion(summary.version, SUMMARY_VERSION);
}

function withoutVersions(location: string): MangamotionError {
  return new MangamotionError('usage', `--as-stored-at: ${location} is not an s3:// destination`, {
    hint: 'Leave it out: a folder keeps no older versions.',
  });
}

/** Throws `usage` for any other URL, which would be taken for a folder. */
function refuseUrl(location: string): void {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return;
  throw new MangamotionError('usage', `${location} is a URL that is not supported`, {
    hint: 'Name a folder on this machine, or s3://bucket/prefix.',
  });
}

/** The refusal of the name of a part; `undefined` for other names. */
function aPart(named: string): MangamotionError | undefined {
  const part = partOf(partIdOf(basename(named)) ?? '');
  if (part === undefined) return undefined;
  return new MangamotionError('usage', `${named} is a part of ${part.backup}, not a backup`, {
    hint: `Name the backup, ${part.backup}: "mangamotion backup verify" reads its parts with it, and "tar -tzf" lists the files in one.`,
  });
}

async function notABackup(path: string): Promise<MangamotionError> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    return new MangamotionError('usage', `${path} is a folder, not a backup`, {
      hint: `Name one of its backups ("mangamotion backup list ${path}" lists them), or add --latest or --at TIME.`,
    });
  }
  return new MangamotionError('not_found', `no backup at ${path}`, {
    hint: 'Backups have names such as minio_backup_full_20240115_020000, with or without .tar.gz.',
  });
}
