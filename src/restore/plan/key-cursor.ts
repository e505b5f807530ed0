import { compareKeys } from '../../key-order.js';

/**
 * Walks beside another sequence: finds one key after the other, in their order, among items that come
 * in pages in the same order. Only a page is held at a time.
 */
export class KeyCursor<T extends { key: string }> {
  readonly #pages: AsyncIterator<readonly T[]>;
  readonly #onPassed: (item: T) => void;
  #page: readonly T[] = [];
  #position = 0;
  #ended = false;
  #found: string | undefined;

  /** `onPassed` is called with each item of another key than those that were found. */
  constructor(pages: AsyncIterable<readonly T[]>, onPassed: (item: T) => void = () => undefined) {
    this.#pages = pages[Symbol.asyncIterator]();
    this.#onPassed = onPassed;
  }

  /**
   * Resolves to the item of this key, which must not lie before the one that was asked for last. The
   * same key can be asked for again: some servers list one twice.
   */
  async find(key: string): Promise<T | undefined> {
    for (;;) {
      const item = this.#page[this.#position];
      if (item === undefined) {
        if (!(await this.#turn())) return undefined;
        continue;
      }
      const order = compareKeys(item.key, key);
      if (order > 0) return undefined;
      if (order === 0) {
        this.#found = key;
        return item;
      }
      this.#position += 1;
      this.#pass(item);
    }
  }

  /** Passes the rest, to the end. */
  async finish(): Promise<void> {
    do {
      for (const item of this.#page.slice(this.#position)) this.#pass(item);
    } while (await this.#turn());
  }

  async close(): Promise<void> {
    await this.#pages.return?.();
  }

  #pass(item: T): void {
    if (item.key !== this.#found) this.#onPassed(item);
  }

  /** Resolves to false at the end. */
  async #turn(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#pages.next();
    this.#ended = next.done === true;
    this.#page = next.done === true ? [] : next.value;
    this.#position = 0;
    return !this.#ended;
  }
}
