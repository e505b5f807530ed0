import { type MangamotionError, isMangamotionError } from '../errors.js';
import type { CreateBucketOptions, ObjectStore } from '../object-store/port.js';

const PROBE = { attempts: 2 } as const;

/**
 * Creates a bucket. Resolves to why it cannot be, which concerns that bucket alone; rejects where
 * the store cannot be reached any more, and with the signal's reason.
 */
export async function tryCreateBucket(
  store: ObjectStore,
  bucket: string,
  options: CreateBucketOptions & { signal: AbortSignal },
): Promise<MangamotionError | undefined> {
  const { signal } = options;
  try {
    await store.createBucket(bucket, options);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error) || error.code === 'internal' || error.code === 'disk')
      throw error;
    if (error.code === 'unreachable' && !(await answers(store, signal))) throw error;
    return error;
  }
}

/** A bucket that is not there cannot be asked for: the store can. A refusal is an answer. */
async function answers(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  try {
    await store.listBuckets({ ...PROBE, signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error)) throw error;
    return error.code !== 'unreachable';
  }
}
