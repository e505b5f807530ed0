import { isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';

/** What the keys may read in a bucket, found by reading one object of it. */
export interface ReadRights {
  bucket: string;
  /** The requests that were refused, with what the server says: it names the right. */
  refused: readonly { request: string; message: string }[];
  /** Whether there was an object to read. */
  hasObject: boolean;
}

/** Lists one object of a bucket and reads a byte of it, its tags, and its lock where there may be one. */
export async function readSample(
  store: ObjectStore,
  bucket: string,
  { hasLock, signal }: { hasLock: boolean; signal: AbortSignal },
): Promise<ReadRights> {
  const refused: { request: string; message: string }[] = [];
  const attempt = async <T>(request: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (isMangamotionError(error, 'access_denied'))
        refused.push({ request, message: error.message });
      // The object may be gone by now, or lie in cold storage: that says nothing of rights.
      else if (!isMangamotionError(error, 'not_found', 'refused')) throw error;
      return undefined;
    }
  };
  const page = await attempt('ListBucket', () => store.listPage(bucket, { maxKeys: 1, signal }));
  const object = page?.objects[0];
  if (object === undefined) return { bucket, refused, hasObject: false };
  const { key, sizeBytes } = object;
  await Promise.all([
    attempt('GetObject', async () => {
      if (sizeBytes === 0) return await store.headObject(bucket, key, { signal });
      const range = { start: 0, end: 1 };
      const { body } = await store.getObject(bucket, key, { range, signal });
      body.destroy();
      return undefined;
    }),
    attempt('GetObjectTagging', () => store.getObjectTags(bucket, key, { signal })),
    ...(hasLock
      ? [attempt('GetObjectRetention', () => store.getObjectLock(bucket, key, { signal }))]
      : []),
  ]);
  return { bucket, refused, hasObject: true };
}
