import { MangamotionError } from '../../errors.js';
import { compareKeys } from '../../key-order.js';
import { sortOnDisk } from './disk-sort.js';
import type { ListOptions, ListedObject, ObjectStore } from '../port.js';

/**
 * Lists buckets in the byte order of the keys, so that a listing can be merged with an index. S3
 * promises this order. If a server breaks the promise, `list` rejects with `ListedOutOfOrder` in
 * the middle of the listing; later listings of that bucket are read in full and sorted first.
 */
export class OrderedListings {
  readonly #store: Pick<ObjectStore, 'endpoint' | 'listObjects'>;
  readonly #unordered = new Set<string>();

  constructor(store: Pick<ObjectStore, 'endpoint' | 'listObjects'>) {
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
   * Returns a separately requested page if it is in order. Throws `ListedOutOfOrder` otherwise, or
   * `refused` if the bucket is known for that: the page may omit anything.
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
      `${this.#store.endpoint}, bucket ${bucket}: the listing ends early and continues out of order`,
    );
  }

  /** Whether a listing of the bucket was out of order. */
  isUnordered(bucket: string): boolean {
    return this.#unordered.has(bucket);
  }

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
 * Thrown if a listing proved unreliable, so that the work based on it must start over. `message`
 * says what was found, `remedy` what the next attempt does about it.
 */
export class ListingUnreliable extends MangamotionError {
  readonly remedy: string;
  /** The message without the names of objects. */
  readonly nameless: string;

  constructor(message: string, remedy: string, nameless: string) {
    super('refused', message);
    this.remedy = remedy;
    this.nameless = nameless;
  }
}

class ListedOutOfOrder extends ListingUnreliable {
  constructor(where: string, first: string, second: string) {
    super(
      `${where} lists ${JSON.stringify(second)} after ${JSON.stringify(first)}`,
      'its listings are sorted first',
      `${where} lists objects out of order`,
    );
  }
}

/** Runs work that reads ordered listings, and starts it over if one proves unreliable. */
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
