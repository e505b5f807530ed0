import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { MEMBER_HEADER_BYTES, decodeMemberHeader } from '../archive/gzip.js';
import type { ClosableSource } from '../archive/sink.js';
import { TarArchive } from '../archive/tar-archive.js';
import { readTornIndex } from '../archive/torn.js';
import { errnoOf, translateFileError } from './file-errors.js';
import { FileSource } from './file-source.js';
import type { Leftover, TornArchive } from './leftover.js';
import { ARCHIVE_SUFFIX, PARTIAL_SUFFIX, SUMMARY_SUFFIX, backupIdOf } from './names.js';

/**
 * The archives in a folder that were never committed, and the summaries that were never finished.
 * An archive without a summary that is not ours is left alone: the scripts before this program made
 * such. To be asked for by whoever holds the lock: otherwise it may be a run that is at work.
 */
export async function findLeftovers(folder: string): Promise<Leftover[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw translateFileError(error, 'list', folder);
  });
  const committed = new Set(
    names.filter((name) => name.endsWith(SUMMARY_SUFFIX)).map((name) => backupIdOf(name)),
  );
  const leftovers: Leftover[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const whole = name.endsWith(PARTIAL_SUFFIX) ? name.slice(0, -PARTIAL_SUFFIX.length) : name;
    const id = backupIdOf(whole);
    if (id === undefined) continue;
    const isPartial = whole !== name;
    const isArchive = whole.endsWith(ARCHIVE_SUFFIX);
    if (!isPartial && (!isArchive || committed.has(id) || !(await isOurs(path)))) continue;
    if (isArchive || whole.endsWith(SUMMARY_SUFFIX)) {
      leftovers.push(await leftoverOf(id, path, isArchive));
    }
  }
  return leftovers;
}

async function leftoverOf(id: string, path: string, isArchive: boolean): Promise<Leftover> {
  const { size: sizeBytes } = await stat(path).catch((error: unknown) => {
    throw translateFileError(error, 'read', path);
  });
  return {
    id,
    path,
    sizeBytes,
    open: async () => (isArchive ? tornTar(await FileSource.open(path)) : undefined),
    remove: async () => {
      try {
        await unlink(path);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'remove', path);
      }
    },
  };
}

function tornTar(source: ClosableSource): TornArchive {
  return { archive: new TarArchive(source), lines: () => readTornIndex(source) };
}

async function isOurs(path: string): Promise<boolean> {
  const source = await FileSource.open(path);
  try {
    if (source.sizeBytes < MEMBER_HEADER_BYTES) return false;
    return decodeMemberHeader(await source.read(0, MEMBER_HEADER_BYTES)) !== undefined;
  } finally {
    await source.close();
  }
}
