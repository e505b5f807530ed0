import type { Archive, ArchivePart } from '../../../archive/archive.js';
import type { Directory } from '../../../archive/directory.js';
import { countOf } from '../../../count-of.js';
import { encryptedOf } from '../../../repository/archives.js';
import type { Destination } from '../../../repository/destination.js';
import { type ReadAt, type Readings, timesOf } from '../../../repository/readings.js';
import { type Disagreement, compareSummary } from '../agreement.js';
import type { Unit } from './units.js';

/** An archive whose directory has been read, and whose parts can be. */
export interface OpenArchive {
  id: string;
  archive: Archive;
  directory: Directory;
  /** The SHA-256 of the directory. */
  sha256: string;
  parts: readonly ArchivePart[];
  /** The time at which each of `parts` was last read, in the same order. */
  times: ReadAt[];
}

/**
 * Opens an archive and checks its length, directory and end. Resolves to `undefined` if one is wrong,
 * which `onProblem` gets. Rejects as the destination does, and with `damaged`.
 */
export async function openWhole(
  destination: Pick<Destination, 'openArchive'>,
  { id, archiveBytes, stored, summary }: Unit,
  readings: Readings,
  onProblem: (kind: string, message: string) => void,
): Promise<OpenArchive | undefined> {
  const { archive_bytes: bytes, archive: file } = stored;
  if (archiveBytes !== bytes) {
    const kind = (archiveBytes ?? 0) < bytes ? 'archive_truncated' : 'archive';
    onProblem(
      kind,
      `${file.file} has another length than its summary says, which is ${countOf(bytes, 'byte')}`,
    );
    return undefined;
  }
  const archive = await destination.openArchive(id, {
    sizeBytes: bytes,
    encrypted: encryptedOf(stored, id),
  });
  try {
    const directory = await archive.readDirectory(file.directory);
    const end = await archive.checkEnd(file.directory);
    const wrong = [
      ...(end === undefined ? [] : [end]),
      ...(summary === undefined ? compareId(id, directory) : compareSummary(summary, directory)),
    ];
    for (const { kind, message } of wrong) onProblem(kind, message);
    if (directory.archive !== id || wrong.length > 0) {
      await archive.close();
      return undefined;
    }
    const parts = archive.parts(directory, bytes);
    const sha256 = file.directory.sha256;
    const same = { directory: sha256, parts: parts.length };
    const times = timesOf(readings.archives.get(id), same);
    return { id, archive, directory, sha256, parts, times };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

function compareId(id: string, { archive }: Directory): Disagreement[] {
  if (archive === id) return [];
  return [{ kind: 'directory', message: `the directory in ${id} is that of ${archive}` }];
}

export function bytesOf({ from, to }: ArchivePart): number {
  return to - from;
}
