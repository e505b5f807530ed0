import { isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import { s3CodeOf } from '../../object-store/store-errors.js';

/** True if a server says that there is no such object; false if the bucket is missing. */
export function isNoSuchObject(error: unknown): boolean {
  return isMangamotionError(error, 'not_found') && s3CodeOf(error) !== 'NoSuchBucket';
}

/**
 * Whether an object is really gone after a GET or HEAD was answered 404. That answer alone proves
 * nothing: servers also give it for data that they have lost, and for broken multipart uploads and
 * indexes. The object is gone where the listing, requested again for this key, lacks it, and HEAD does
 * not find it either. Rejects if neither can be determined.
 */
export async function isGone(
  store: ObjectStore,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
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
