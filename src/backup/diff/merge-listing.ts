import type { IndexLine } from '../../archive/index-line.js';
import { compareKeys } from '../../key-order.js';
import type { ListedObject } from '../../object-store/port.js';

/** An object of a bucket in a backup and in a listing, of which one may lack it. */
export interface ListedPair {
  line: IndexLine | undefined;
  listed: ListedObject | undefined;
}

/** Merges the lines of a bucket with its listing. Both come in key order, a page at a time. */
export async function* mergeListing(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
): AsyncGenerator<ListedPair> {
  const [index, store] = [new Pages(lines), new Pages(listing)];
  try {
    for (;;) {
      const line = index.item ?? (await index.fill());
      const listed = store.item ?? (await store.fill());
      if (line === undefined && listed === undefined) return;
      const order =
        line === undefined ? 1 : listed === undefined ? -1 : compareKeys(line.key, listed.key);
      yield { line: order <= 0 ? line : undefined, listed: order >= 0 ? listed : undefined };
      if (order <= 0) index.next();
      if (order >= 0) store.next();
    }
  } finally {
    await index.close();
    await store.close();
  }
}

class Pages<T> {
  readonly #pages: AsyncIterator<readonly T[]>;
  #page: readonly T[] = [];
  #at = 0;
  #isOver = false;

  constructor(pages: AsyncIterable<readonly T[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  /** `undefined` if the next page has to be read. */
  get item(): T | undefined {
    return this.#page[this.#at];
  }

  next(): void {
    this.#at += 1;
  }

  /** Resolves to the first item that is left; `undefined` if there is none. */
  async fill(): Promise<T | undefined> {
    while (!this.#isOver && this.#at >= this.#page.length) {
      const next = await this.#pages.next();
      this.#isOver = next.done === true;
      this.#page = next.done === true ? [] : next.value;
      this.#at = 0;
    }
    return this.#page[this.#at];
  }

  async close(): Promise<void> {
    await this.#pages.return?.();
  }
}
