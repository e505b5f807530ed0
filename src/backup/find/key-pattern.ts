import type { KeySelection } from '../../archive/select.js';
import type { ObjectName } from '../../key-order.js';
import { type Glob, globOf } from '../../keyspace/glob.js';

/**
 * What `backup find` looks for: a key, or a pattern as Redis has them, in which a star goes past
 * slashes. A text that is the key itself is always found, whatever its characters mean. Pure.
 */
export class KeyPattern {
  readonly #text: string;
  /** Whether the text may begin with the name of a bucket and a slash. */
  readonly #namesBuckets: boolean;
  readonly #glob: Glob | undefined;
  /** What every match begins with. */
  readonly #prefix: string;

  constructor(text: string, { namesBuckets }: { namesBuckets: boolean }) {
    this.#text = text;
    this.#namesBuckets = namesBuckets;
    const special = text.search(/[*?[\\]/);
    this.#glob = special === -1 ? undefined : globOf([text]);
    this.#prefix = special === -1 ? text : text.slice(0, special);
  }

  matches({ bucket, key }: ObjectName): boolean {
    if (this.#isMatch(key)) return true;
    return this.#namesBuckets && this.#isMatch(`${bucket}/${key}`);
  }

  /** Returns the keys of a bucket that may match. */
  within(bucket: string): KeySelection {
    const keys = [this.#text];
    const prefixes = this.#glob === undefined ? [] : [this.#prefix];
    const folder = `${bucket}/`;
    if (this.#namesBuckets) {
      if (this.#text.startsWith(folder)) keys.push(this.#text.slice(folder.length));
      if (this.#glob !== undefined && this.#prefix.startsWith(folder)) {
        prefixes.push(this.#prefix.slice(folder.length));
      } else if (this.#glob !== undefined && folder.startsWith(this.#prefix)) prefixes.push('');
    }
    return { keys: keys.filter((key) => key !== ''), prefixes };
  }

  #isMatch(name: string): boolean {
    return name === this.#text || this.#glob?.(name) === true;
  }
}
