import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { translateFileError } from '../files/errors.js';
import type { Destination } from './destination.js';
import { serverOf } from './lines/endpoints.js';
import { SUMMARY_SUFFIX } from './names.js';

/**
 * Resolves to a digest that tells a backup where it lies from every copy of it elsewhere, also from one that
 * is the same to the byte and has the same dates: of a folder the time of the last change of the inode,
 * which no copy takes over; of a bucket its place and the time of its server.
 */
export async function storedMark(
  destination: Pick<Destination, 'files'>,
  id: string,
): Promise<string> {
  const { place, folder = '' } = destination.files();
  const name = id + SUMMARY_SUFFIX;
  const hash = createHash('sha256');
  if (place === undefined) {
    const path = join(folder, name);
    try {
      const { ctimeNs, size } = await stat(path, { bigint: true });
      return hash.update(JSON.stringify([String(ctimeNs), String(size)])).digest('hex');
    } catch (error) {
      throw translateFileError(error, 'open', path);
    }
  }
  const { store, bucket, prefix, signal } = place;
  const { etag, lastModified } = await store.headObject(bucket, prefix + name, { signal });
  const where = [serverOf(store.endpoint), bucket, prefix];
  return hash.update(JSON.stringify([...where, etag, lastModified])).digest('hex');
}
