import { MangamotionError } from '../errors.js';
import { compareKeys } from '../key-order.js';
import { sortOnDisk } from './disk-sort.js';
import type { ListOptions, ListedObject, ObjectStore } from './port.js';

/**
 * Listings that can be merged with an index: in the byte order of the keys, as S3 promises. A server
 * that breaks the promise is found out in the middle of the work: the listing then rejects with
 * `ListedOutOfOrder`, and from the next time on that bucket is listed whole and sorted first.
 */
export class OrderedListings {
  readonly #store: ObjectStore;
  readonly #unordered = new Set<string>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async *list(bucket: string, options: ListOptions): AsyncGenerator<ListedObject[]> {
    const pages = this.#store.listObjects(bucket, options);
    if (this.#unordered.has(bucket)) {
      const byKey = (a: ListedObject, b: ListedObject) => compareKeys(a.key, b.key);
      yield* sortOnDisk(pages, byKey, options.signal);
      return;
    }
    let last: string | undefined;
    for await (const page of pages) {
      for (const { key } of page) {
        if (last !== undefined && compareKeys(last, key) >= 0) {
          this.#unordered.add(bucket);
          throw new ListedOutOfOrder(`${this.#store.endpoint}, bucket ${bucket}`, last, key);
        }
        last = key;
      }
      yield page;
    }
  }
}

/** The work begun on a listing is to be begun anew: the same listings are then in order. */
export class ListedOutOfOrder extends MangamotionError {
  constructor(where: string, first: string, second: string) {
    super('refused', `${where} lists ${JSON.stringify(second)} after ${JSON.stringify(first)}`);
  }
}

/** Does some work that reads such listings; again from its start where one came out of order. */
export async function inOrder<T>(
  work: () => Promise<T>,
  onAgain: (why: ListedOutOfOrder) => void,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ListedOutOfOrder)) throw error;
      onAgain(error);
    }
  }
}
