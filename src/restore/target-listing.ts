import { compareKeys } from '../key-order.js';
import type { OrderedListings } from '../object-store/order/ordered-listings.js';
import type { ListOptions, ListedObject, ObjectStore } from '../object-store/port.js';

export interface TargetListings {
  store: ObjectStore;
  listings: OrderedListings;
}

/**
 * Yields the objects of a target bucket in order. Some servers end a listing too early, so a
 * further request asks for keys after the last one.
 */
export async function* listTarget(
  { store, listings }: TargetListings,
  bucket: string,
  options: Pick<ListOptions, 'prefix' | 'signal'>,
): AsyncGenerator<ListedObject[]> {
  let startAfter: string | undefined;
  for (;;) {
    let last: string | undefined;
    for await (const page of listings.list(bucket, { ...options, startAfter })) {
      yield page;
      last = page.at(-1)?.key ?? last;
    }
    // A server that ignores start-after lists known objects again.
    if (last === undefined || (startAfter !== undefined && compareKeys(last, startAfter) <= 0))
      return;
    const { objects } = await store.listPage(bucket, { ...options, startAfter: last });
    const end = last;
    if (!objects.some(({ key }) => compareKeys(key, end) > 0)) return;
    startAfter = last;
  }
}

/**
 * Finds an object in the listing; resolves to `undefined` if it is not listed. Its key is the first
 * of those that begin with it; on a server without order, the whole listing is read.
 */
export async function findListed(
  store: ObjectStore,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<ListedObject | undefined> {
  const isIt = (object: ListedObject) => object.key === key;
  const first = await store.listPage(bucket, { prefix: key, maxKeys: 1, signal });
  const found = first.objects.find(isIt);
  if (found !== undefined || first.objects.length === 0) return found;
  for await (const page of store.listObjects(bucket, { prefix: key, signal })) {
    const later = page.find(isIt);
    if (later !== undefined) return later;
  }
  return undefined;
}
