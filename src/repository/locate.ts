import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { MangamotionError } from '../errors.js';
import type { Destination, ListedBackup } from './destination.js';
import { FolderDestination } from './folder.js';
import { backupIdOf } from './names.js';
import type { Summary } from './summary.js';
import { refuseNewerVersion } from '../archive/reader.js';

export interface LocatedBackup {
  destination: Destination;
  backup: ListedBackup;
}

/** A place that holds backups, by the name that the user gives; a path begins at `cwd`. */
export async function openDestination(location: string, cwd = ''): Promise<Destination> {
  refuseUrl(location);
  return await FolderDestination.open(resolve(cwd, location));
}

/** A backup by its path, with or without `.tar.gz` or `.json`. A path begins at `cwd`. */
export async function locateBackup(named: string, cwd = ''): Promise<LocatedBackup> {
  refuseUrl(named);
  const path = resolve(cwd, named);
  const id = backupIdOf(basename(path));
  if (id === undefined) throw await notABackup(path);
  const folder = dirname(path);
  const destination = await openDestination(folder).catch((error: unknown) => {
    if (error instanceof MangamotionError && error.code === 'not_found') {
      throw new MangamotionError('not_found', `no backup at ${path}: no such folder: ${folder}`, {
        cause: error,
      });
    }
    throw error;
  });
  return { destination, backup: await destination.read(id) };
}

/** The summary of a backup that can be read; rejects with `damaged` or `refused` where it cannot. */
export function readableSummary(backup: ListedBackup): Summary {
  refuseNewerSummary(backup);
  if (backup.summary.kind === 'valid') return backup.summary.summary;
  const reason = backup.summary.kind === 'damaged' ? backup.summary.reason : '';
  throw new MangamotionError('damaged', `${backup.id}: ${reason}`, {
    hint: 'Its archive may still be whole: plain "tar -xzf" reads it.',
  });
}

export function refuseNewerSummary({ summary }: ListedBackup): void {
  if (summary.kind === 'newer') refuseNewerVersion(summary.version);
}

/** `s3://bucket` would else be looked for as a folder `s3:`. */
function refuseUrl(location: string): void {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return;
  throw new MangamotionError('usage', `${location} is a URL: backups are kept in folders only`, {
    hint: 'Name a folder on this machine.',
  });
}

async function notABackup(path: string): Promise<MangamotionError> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    return new MangamotionError('usage', `${path} is a folder, not a backup`, {
      hint: `Name one of its backups: see "mangamotion backup list ${path}"; or add --latest or --at TIME.`,
    });
  }
  return new MangamotionError('not_found', `no backup at ${path}`, {
    hint: 'A backup is named like minio_backup_full_20240115_020000, with or without .tar.gz.',
  });
}
