import { isMangamotionError } from '../errors.js';
import type { ListedObject, ObjectStore } from '../object-store/port.js';

const MAX_PER_REQUEST = 1000;

/** Removes all objects of a listing. Resolves to those that could not be removed. */
export async function deleteExtras(
  store: ObjectStore,
  bucket: string,
  {
    extras,
    onDeleted,
    signal,
  }: {
    extras: AsyncIterable<readonly ListedObject[]>;
    onDeleted: (count: number) => void;
    signal: AbortSignal;
  },
): Promise<{ key: string; reason: string }[]> {
  const failures: { key: string; reason: string }[] = [];
  const remove = async (keys: string[]): Promise<void> => {
    if (keys.length === 0) return;
    const undeleted = await deleteAll(store, bucket, keys, signal);
    onDeleted(keys.length - undeleted.length);
    failures.push(...undeleted.map(({ key, reason }) => ({ key, reason })));
  };
  const keys: string[] = [];
  for await (const page of extras) {
    keys.push(...page.map(({ key }) => key));
    while (keys.length >= MAX_PER_REQUEST) await remove(keys.splice(0, MAX_PER_REQUEST));
  }
  await remove(keys);
  return failures;
}

/** Deletes objects, one by one if the server does not support bulk deletes. */
async function deleteAll(
  store: ObjectStore,
  bucket: string,
  keys: string[],
  signal: AbortSignal,
): Promise<{ key: string; reason: string }[]> {
  try {
    return await store.deleteObjects(bucket, keys, { signal });
  } catch (error) {
    const status = isMangamotionError(error) ? error.request?.status : undefined;
    if (status !== 501 && status !== 405) throw error;
  }
  const undeleted: { key: string; reason: string }[] = [];
  for (const key of keys) {
    try {
      await store.deleteObject(bucket, key, { signal });
    } catch (error) {
      if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
      undeleted.push({ key, reason: error.message });
    }
  }
  return undeleted;
}
