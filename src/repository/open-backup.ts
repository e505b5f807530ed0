import { join } from 'node:path';
import type { Directory } from '../archive/directory.js';
import { readDirectory, readFooter } from '../archive/reader.js';
import type { Footer } from '../archive/footer.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import type { OpenArchive } from './destination.js';
import { type LocatedBackup, readableSummary } from './locate.js';
import type { Summary } from './summary.js';

/** A backup whose directory has been read. Whoever opens it closes its archive. */
export interface OpenBackup {
  id: string;
  /** What the user can name it by. */
  path: string;
  summary: Summary;
  archive: OpenArchive;
  directory: Directory;
}

/** Rejects with `damaged` where archive and summary do not belong together. */
export async function openBackup({ destination, backup }: LocatedBackup): Promise<OpenBackup> {
  const summary = readableSummary(backup);
  const archive = await destination.openArchive(backup.id);
  try {
    if (archive.sizeBytes !== summary.archive_bytes) {
      throw new MangamotionError(
        'damaged',
        `${summary.archive.file} has ${archive.sizeBytes} bytes, its summary says ${summary.archive_bytes}`,
        { hint: 'Copy it again from where it was made, or use another backup.' },
      );
    }
    const directory = await readDirectory(archive, await readOwnFooter(archive));
    return {
      id: backup.id,
      path: join(destination.location, backup.id),
      summary,
      archive,
      directory,
    };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

/**
 * The footer of an archive whose summary is of a version that we read: one of a newer version is
 * not the one that was written, and `damaged`.
 */
export async function readOwnFooter(archive: OpenArchive): Promise<Footer> {
  try {
    return await readFooter(archive);
  } catch (error) {
    if (!isMangamotionError(error, 'refused')) throw error;
    throw new MangamotionError(
      'damaged',
      'the footer has another format version than the summary',
      {
        cause: error,
      },
    );
  }
}
