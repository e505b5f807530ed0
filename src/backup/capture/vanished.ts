import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import { s3CodeOf } from '../../object-store/store-errors.js';

/** Whether the error means that the object, and not its bucket, does not exist. */
export function isNoSuchObject(error: unknown): boolean {
  return isMangamotionError(error, 'not_found') && s3CodeOf(error) !== 'NoSuchBucket';
}

/** What stands for a character that a server, or this program, could not decode. */
const REPLACED = '\uFFFD';
/** The pages in which such a name is looked for. */
const MOST_PAGES = 20;

/**
 * Whether an object is really gone after a 404. The 404 alone proves nothing: servers also send it
 * for data that they have lost, and for broken uploads or indexes. The object is gone if a new
 * listing of this key lacks it and HEAD does not find it. Rejects if that cannot be determined.
 */
export async function isGone(
  store: ObjectStore,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (key.includes(REPLACED)) return !(await isListed(store, bucket, key, signal));
  // A key sorts before all longer keys that begin with it.
  const { objects } = await store.listPage(bucket, { prefix: key, maxKeys: 1, signal });
  if (objects.some((object) => object.key === key)) return false;
  try {
    await store.headObject(bucket, key, { signal });
    return false;
  } catch (error) {
    if (isNoSuchObject(error)) return true;
    throw error;
  }
}

/**
 * Whether a name with a replaced character is still listed. By its own name nothing is found: the object has
 * another one, which the server cannot list.
 */
async function isListed(
  store: ObjectStore,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  const prefix = key.slice(0, key.indexOf(REPLACED));
  let pages = 0;
  for await (const page of store.listObjects(bucket, { prefix, signal })) {
    if (page.some((object) => object.key === key)) return true;
    pages += 1;
    if (pages < MOST_PAGES) continue;
    throw new MangamotionError(
      'refused',
      'its name has a replaced character (U+FFFD), and too many objects have names like it',
    );
  }
  return false;
}
