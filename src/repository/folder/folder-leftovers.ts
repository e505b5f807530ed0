import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClosableSource } from '../../archive/sink.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { readTruncatedIndex } from '../../archive/truncated.js';
import { translateFileError } from '../../files/errors.js';
import { FileSource } from './file-source.js';
import type { Leftover, TruncatedArchive } from '../leftover.js';
import { ARCHIVE_SUFFIX, SUMMARY_SUFFIX, reservedIdOf } from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { openTruncatedPlain } from '../plain/plain-archive.js';

/**
 * Finds what interrupted runs left in a folder: everything under a temporary name, and archives
 * that have a temporary summary but no summary. An archive with neither is left alone:
 * backup-minio.sh made such archives, and people copy them. Call it only while holding the lock:
 * otherwise it may find files of an active run.
 */
export async function findLeftovers(folder: string): Promise<Leftover[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw translateFileError(error, 'list', folder);
  });
  const there = new Set(names);
  const leftovers: Leftover[] = [];
  for (const name of names.sort()) {
    const id = reservedIdOf(name);
    if (id === undefined) continue;
    const isPartial = name.endsWith(PARTIAL_SUFFIX);
    const isArchive = name === id || name === id + ARCHIVE_SUFFIX;
    const summary = id + SUMMARY_SUFFIX;
    const isUncommitted = there.has(summary + PARTIAL_SUFFIX) && !there.has(summary);
    if (isPartial || (isArchive && isUncommitted))
      leftovers.push(await leftoverOf(folder, id, name));
  }
  // The temporary summary marks an archive as ours, so it comes last.
  const isSummary = ({ path }: Leftover) => path.endsWith(SUMMARY_SUFFIX + PARTIAL_SUFFIX);
  return leftovers.sort((a, b) => Number(isSummary(a)) - Number(isSummary(b)));
}

async function leftoverOf(folder: string, id: string, name: string): Promise<Leftover> {
  const path = join(folder, name);
  const stat = await lstat(path).catch((error: unknown) => {
    throw translateFileError(error, 'read', path);
  });
  const isTar = name.startsWith(id + ARCHIVE_SUFFIX);
  return {
    id,
    path,
    sizeBytes: stat.size,
    open: async () => {
      if (stat.isDirectory()) return openTruncatedPlain(folder, id, name);
      return isTar && stat.isFile() ? openTruncatedTar(await FileSource.open(path)) : undefined;
    },
    remove: async () => {
      try {
        await rm(path, { recursive: true, force: true });
      } catch (error) {
        throw translateFileError(error, 'remove', path);
      }
    },
  };
}

function openTruncatedTar(source: ClosableSource): TruncatedArchive {
  return { archive: new TarArchive(source), lines: () => readTruncatedIndex(source) };
}
