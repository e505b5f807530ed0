import { isMangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import { isBucketStillThere } from '../object-store/retry.js';

/**
 * Tells what cannot be restored from a target that cannot be used: the one is reported, the other
 * ends the run. Rejects with what the target says when it is asked again.
 */
export async function explainFailure(
  store: ObjectStore,
  bucket: string,
  error: unknown,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  if (!isMangamotionError(error) || error.code === 'internal' || error.code === 'disk') throw error;
  if (error.code !== 'damaged' && !(await isBucketStillThere(store, bucket, error, signal)))
    throw error;
  return error.message;
}
