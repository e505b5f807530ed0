import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { IndexLine } from '../../archive/index-line.js';
import { LARGEST_CHUNK_BYTES } from '../../archive/limits.js';
import { parseChunk } from '../../archive/reader.js';
import { isMangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { TornArchive } from '../leftover.js';
import { PlainArchive } from './plain-archive.js';
import { PlainFiles } from './plain-files.js';

const CHUNK_FILE = /^\d{5,}\.ndjson$/;

/** A plain folder that was never finished: those of its index chunks that are whole. */
export function tornPlain(parent: string, id: string, folder: string): TornArchive {
  const files = new PlainFiles(parent, id, folder);
  return { archive: new PlainArchive(files), lines: () => readLines(files) };
}

async function* readLines(files: PlainFiles): AsyncGenerator<IndexLine[]> {
  for (const name of await chunksIn(join(files.root, 'index'))) {
    const lines = await readChunk(files, name);
    if (lines !== undefined) yield lines;
  }
}

/** `undefined` for a chunk that was not written to its end. */
async function readChunk(files: PlainFiles, name: string): Promise<IndexLine[] | undefined> {
  try {
    const { size } = await lstat(join(files.root, 'index', name));
    const place = { path: `${files.id}/index/${name}`, size };
    return parseChunk(await files.readWhole(place, LARGEST_CHUNK_BYTES), 0);
  } catch (error) {
    if (isMangamotionError(error, 'damaged')) return undefined;
    throw translateFileError(error, 'read', join(files.root, 'index', name));
  }
}

async function chunksIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => CHUNK_FILE.test(name)).sort();
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw translateFileError(error, 'list', folder);
  }
}
