import type { OrderedListings } from '../object-store/ordered-listings.js';
import type { Bucket, ListedObject, ObjectStore } from '../object-store/port.js';

export interface ListedInBucket {
  bucket: string;
  object: ListedObject;
}

/** The objects of the buckets, one bucket after the other, each in the order of its keys. */
export async function* listAll(
  listings: OrderedListings,
  buckets: readonly Bucket[],
  signal: AbortSignal,
): AsyncGenerator<ListedInBucket[]> {
  for (const { name } of buckets) {
    for await (const page of listings.list(name, { signal })) {
      yield page.map((object) => ({ bucket: name, object }));
    }
  }
}

/** Counts what there is to do, while it is being done: for the time left, and for the disk. */
export async function countAll(
  store: ObjectStore,
  buckets: readonly Bucket[],
  signal: AbortSignal,
): Promise<{ objects: number; bytes: number }> {
  let objects = 0;
  let bytes = 0;
  for (const { name } of buckets) {
    for await (const page of store.listObjects(name, { signal })) {
      objects += page.length;
      for (const object of page) bytes += object.sizeBytes;
    }
  }
  return { objects, bytes };
}
