import { countOf, formatCount } from '../count-of.js';
import type { Archive } from '../archive/archive.js';
import type { Directory } from '../archive/directory.js';
import { MangamotionError } from '../errors.js';
import { Archives, encryptedOf } from './archives.js';
import type { Shortfall } from './legacy/legacy-backup.js';
import { readableSummary } from './locate.js';
import type { LocatedBackup } from './located-backup.js';
import type { Summary } from './summary.js';

/** A backup whose directory has been read. The caller closes its archives. */
export interface OpenBackup {
  id: string;
  /** The path or URL by which the user can name it. */
  path: string;
  summary: Pick<Summary, 'id' | 'type'> & { status: Summary['status'] | 'legacy' };
  archives: Archives;
  directory: Directory;
  problems: readonly string[];
  shortfalls: readonly Shortfall[];
}

/** A backup that this program made, with its summary. */
export interface OpenCommitted extends OpenBackup {
  summary: Summary;
}

/** Opens any backup. Rejects with `damaged` if archive and summary do not match. */
export async function openBackup(located: LocatedBackup): Promise<OpenBackup> {
  const { legacy } = located;
  if (legacy === undefined) return await openCommitted(located);
  const { id, type, path } = legacy.found;
  const { openLegacy } = await import('./legacy/open-legacy.js');
  const { archive, ...rest } = await openLegacy(legacy.found, legacy.signal);
  const archives = new Archives(located.destination, { id, archive }, { references: [] });
  return { id, path, summary: { id, type, status: 'legacy' }, archives, ...rest };
}

/**
 * Opens a backup of this program. Rejects with `damaged` if its summary cannot be read (legacy
 * backups have none) or does not match the archive, and with `refused` if its summary is newer.
 */
export async function openCommitted({
  destination,
  backup,
}: LocatedBackup): Promise<OpenCommitted> {
  const summary = readableSummary(backup);
  const archive = await destination.openArchive(backup.id, {
    sizeBytes: summary.archive_bytes,
    encrypted: encryptedOf(summary, backup.id),
  });
  const archives = new Archives(destination, { id: backup.id, archive }, summary);
  try {
    const directory = await readOwnDirectory(archive, summary);
    return {
      id: backup.id,
      path: `${destination.location.replace(/\/$/, '')}/${backup.id}`,
      summary,
      archives,
      directory,
      problems: [],
      shortfalls: [],
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
      `${summary.archive.file} has ${countOf(archive.sizeBytes, 'byte')}, but its summary says ${formatCount(summary.archive_bytes)}`,
      { hint: 'Copy it again from its original place, or use another backup.' },
    );
  }
  const directory = await archive.readDirectory(summary.archive.directory);
  if (directory.archive === summary.id) return directory;
  throw new MangamotionError(
    'damaged',
    `the directory in ${summary.archive.file} is that of ${directory.archive}`,
  );
}
