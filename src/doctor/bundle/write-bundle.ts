import { link, lstat, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BLOCK_BYTES, END_OF_TAR, encodeEntryHeader, paddingOf } from '../../archive/tar.js';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { syncFolder } from '../../files/sync.js';
import type { BundleFile } from './contents.js';

const FOLDER = 'mangamotion-doctor';

/** Rejects with `refused` where the file exists: a bundle is never written over something. */
export async function refuseExisting(file: string): Promise<void> {
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw inTheWay(file);
}

/**
 * Writes a tar.gz that its owner alone can read (mode 0600). It appears when it is complete. Rejects with
 * `refused` where the file exists.
 */
export async function writeBundle(
  file: string,
  files: readonly BundleFile[],
  now: Date,
): Promise<void> {
  const bytes = await promisify(gzip)(tarOf(files, now));
  const draft = `${file}.partial`;
  try {
    await rm(draft, { force: true });
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw inTheWay(file);
    throw translateFileError(error, 'write', file);
  } finally {
    await rm(draft, { force: true });
  }
  await syncFolder(path.dirname(file));
}

function tarOf(files: readonly BundleFile[], now: Date): Buffer {
  const parts = files.flatMap(({ path: its, text }) => {
    const content = Buffer.from(text, 'utf8');
    const entry = { path: `${FOLDER}/${its}`, sizeBytes: content.length };
    const padding = Buffer.alloc(paddingOf(content.length) % BLOCK_BYTES);
    return [encodeEntryHeader(entry, now), content, padding];
  });
  return Buffer.concat([...parts, END_OF_TAR]);
}

function inTheWay(file: string): MangamotionError {
  return new MangamotionError('refused', `${file} already exists`, {
    hint: 'name another file with --bundle, or remove that one',
  });
}
