import type { Config } from '../../config/load.js';
import { isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';

/** What reports that look into the object store need. */
export interface StoreAccess {
  config: Config;
  /** Called only where credentials are configured. */
  openStore: () => Promise<ObjectStore>;
  signal: AbortSignal;
}

/**
 * Rejects with `unreachable` where what answers is no object store. The answer to HEAD has no words: that
 * an object is missing, or is there, could be said by any web server.
 */
export async function expectStore({ config, openStore, signal }: StoreAccess): Promise<void> {
  try {
    const store = await openStore();
    await store.listPage(resultBucket(config), { maxKeys: 1, signal, attempts: ATTEMPTS });
  } catch (error) {
    if (!isMangamotionError(error, 'not_found', 'access_denied')) throw error;
  }
}

/** The bucket in which results are looked for first. */
export function resultBucket({ jobBucket, jobs }: Config): string {
  const [path = ''] = jobs.resultPaths;
  return jobBucket ?? path.slice(0, path.indexOf('/'));
}

/** An answer must not wait for a store that is away: the jobs are known without it. */
export const ATTEMPTS = 2;

/** Returns the store with few attempts for each request, so that it is not waited for. */
export function givingUpSoon(
  store: Pick<ObjectStore, 'headObject'>,
): Pick<ObjectStore, 'headObject'> {
  return {
    headObject: (bucket, key, options) =>
      store.headObject(bucket, key, { ...options, attempts: ATTEMPTS }),
  };
}

/**
 * Whether the store could not be asked: it did not answer, refused, or answered something else than S3 does,
 * such as a redirect. What is known without it is shown all the same.
 */
export function isUnavailable(error: unknown): error is Error {
  if (isMangamotionError(error, 'unreachable', 'access_denied')) return true;
  return isMangamotionError(error, 'refused', 'damaged') && error.request !== undefined;
}
