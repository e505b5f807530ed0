import { MangamotionError } from '../errors.js';
import { compareKeys } from '../key-order.js';
import type { ListOptions, ListedObject, ObjectStore } from './port.js';

/**
 * A listing that can be merged with an index: rejects with `refused` where the server does not list
 * in the byte order of the keys, instead of merging it wrongly.
 */
export async function* listInOrder(
  store: ObjectStore,
  bucket: string,
  options: ListOptions,
): AsyncGenerator<ListedObject[]> {
  let last: string | undefined;
  for await (const page of store.listObjects(bucket, options)) {
    for (const { key } of page) {
      if (last !== undefined && compareKeys(last, key) >= 0) {
        throw new MangamotionError(
          'refused',
          `${store.endpoint} lists bucket ${bucket} out of order: ${JSON.stringify(key)} after ${JSON.stringify(last)}`,
          { hint: 'Leave this bucket out: its listing cannot be relied on.' },
        );
      }
      last = key;
    }
    yield page;
  }
}
