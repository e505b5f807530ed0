import { MangamotionError } from '../../errors.js';
import { compareKeys } from '../../key-order.js';
import { sortOnDisk } from './disk-sort.js';
import type { ListOptions, ListedObject, ObjectStore } from '../port.js';

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
      yield* sortOnDisk(pages, byKey, options.signal);
      return;
    }
    let last: string | undefined;
    for await (const page of pages) {
      this.#checkOrder(bucket, page, last);
      last = page.at(-1)?.key;
      yield page;
    }
  }

  /**
   * Returns a page that was requested by itself, if it is in order. Throws as `list` rejects, and throws
   * `refused` if the bucket is known to be listed out of order: its pages may omit anything.
   */
  inOrder(bucket: string, page: readonly ListedObject[]): readonly ListedObject[] {
    if (!this.#unordered.has(bucket)) {
      this.#checkOrder(bucket, page, undefined);
      return page;
    }
    const sorted = [...page].sort(byKey);
    if (sorted.every((object, i) => object === page[i])) return page;
    throw new MangamotionError(
      'refused',
      `${this.#store.endpoint}, bucket ${bucket}: the listing ends early, and goes on out of order`,
    );
  }

  /** True for an error after which the work must start over. */
  isUnreliable(error: unknown): error is ListingUnreliable {
    return error instanceof ListingUnreliable;
  }

  #checkOrder(bucket: string, page: readonly ListedObject[], before: string | undefined): void {
    let last = before;
    for (const { key } of page) {
      if (last !== undefined && compareKeys(last, key) >= 0) {
        this.#unordered.add(bucket);
        throw new ListedOutOfOrder(`${this.#store.endpoint}, bucket ${bucket}`, last, key);
      }
      last = key;
    }
  }
}

function byKey(a: ListedObject, b: ListedObject): number {
  return compareKeys(a.key, b.key);
}

/**
 * Thrown if work that is based on a listing must start over, with what was learnt about the server.
 * `message` says what was found, `remedy` what is done about it.
 */
export class ListingUnreliable extends MangamotionError {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super('refused', message);
    this.remedy = remedy;
  }
}

class ListedOutOfOrder extends ListingUnreliable {
  constructor(where: string, first: string, second: string) {
    super(
      `${where} lists ${JSON.stringify(second)} after ${JSON.stringify(first)}`,
      'its listings are sorted first',
    );
  }
}

/** Runs work that reads such listings, and starts it over if one proves unreliable. */
export async function inOrder<T>(
  work: () => Promise<T>,
  onAgain: (why: ListingUnreliable) => void,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ListingUnreliable)) throw error;
      onAgain(error);
    }
  }
}
