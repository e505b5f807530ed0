import type { ClosableSource } from '../../archive/sink.js';
import { isMangamotionError } from '../../errors.js';

/**
 * Reads one file, or another if the first one is found missing at its first read: finding out before
 * would cost a request for each archive.
 */
export class SourceOrElse implements ClosableSource {
  readonly #other: () => Promise<ClosableSource | undefined>;
  #source: ClosableSource;
  #isFirst = true;

  /** `other` resolves to `undefined` if there is no other file. */
  constructor(first: ClosableSource, other: () => Promise<ClosableSource | undefined>) {
    this.#source = first;
    this.#other = other;
  }

  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    try {
      return await this.#source.read(offset, length);
    } catch (error) {
      if (!isFirst || !isMangamotionError(error, 'damaged')) throw error;
      const other = await this.#other();
      if (other === undefined) throw error;
      this.#source = other;
      return await other.read(offset, length);
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
