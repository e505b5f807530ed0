import type { Archive } from '../archive/archive.js';
import type { Directory } from '../archive/directory.js';
import { MangamotionError } from '../errors.js';
import { Archives } from './archives.js';
import { type LocatedBackup, readableSummary } from './locate.js';
import type { Summary } from './summary.js';

/** A backup whose directory has been read. Whoever opens it closes its archives. */
export interface OpenBackup {
  id: string;
  /** What the user can name it by. */
  path: string;
  summary: Summary;
  archives: Archives;
  directory: Directory;
}

/** Rejects with `damaged` where archive and summary do not belong together. */
export async function openBackup({ destination, backup }: LocatedBackup): Promise<OpenBackup> {
  const summary = readableSummary(backup);
  const archive = await destination.openArchive(backup.id, summary.archive_bytes);
  const archives = new Archives(destination, { id: backup.id, archive }, summary.references);
  try {
    const directory = await readOwnDirectory(archive, summary);
    return {
      id: backup.id,
      path: `${destination.location.replace(/\/$/, '')}/${backup.id}`,
      summary,
      archives,
      directory,
    };
  } catch (error) {
    await archives.close();
    throw error;
  }
}

async function readOwnDirectory(archive: Archive, summary: Summary): Promise<Directory> {
  if (archive.sizeBytes !== summary.archive_bytes) {
    throw new MangamotionError(
      'damaged',
      `${summary.archive.file} has ${archive.sizeBytes} bytes, its summary says ${summary.archive_bytes}`,
      { hint: 'Copy it again from where it was made, or use another backup.' },
    );
  }
  const directory = await archive.readDirectory(summary.archive.directory);
  if (directory.archive === summary.id) return directory;
  throw new MangamotionError('damaged', `the directory is that of ${directory.archive}`);
}
