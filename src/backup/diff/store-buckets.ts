import { isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { Destination } from '../../repository/destination.js';
import { serverOf } from '../../repository/lines/endpoints.js';
import type { BucketSide } from './scope.js';

/** The buckets of the store. One that the list lacks is looked for: missing rights may hide it. */
export async function storeSide(
  { store, signal }: { store: ObjectStore; signal: AbortSignal },
  destination: Destination,
  backup: BucketSide,
  selected: readonly string[],
): Promise<BucketSide> {
  const listed = await listedBuckets(store, selected.length > 0, signal);
  const candidates = selected.length > 0 ? selected : backup.buckets;
  const buckets = new Set(listed);
  for (const name of candidates) {
    if (!buckets.has(name) && (await mayExist(store, name, signal))) buckets.add(name);
  }
  const own = destination.excludesBucket;
  const isOwn = (name: string) =>
    own?.bucket === name && serverOf(own.endpoint) === serverOf(store.endpoint);
  // A backup of the store leaves out the bucket that it is written to.
  const others = [...buckets].filter((name) => backup.buckets.includes(name) || !isOwn(name));
  return { name: 'the store', buckets: others, covers: () => true };
}

async function listedBuckets(
  store: ObjectStore,
  isOptional: boolean,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    return (await store.listBuckets({ signal })).map(({ name }) => name);
  } catch (error) {
    signal.throwIfAborted();
    if (isOptional && isMangamotionError(error, 'access_denied')) return [];
    throw error;
  }
}

async function mayExist(store: ObjectStore, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    return await store.bucketExists(name, { signal });
  } catch (error) {
    if (isMangamotionError(error, 'access_denied', 'refused')) return true;
    throw error;
  }
}
