import type { ArchiveSink } from './sink.js';

/** So much may wait for the sink (or for its deflation) before the producer has to wait as well. */
const MOST_PENDING_BYTES = 12 * 1024 * 1024;

/** Is told what becomes of a piece. */
export interface PieceObserver {
  placed(offset: number, length: number): void;
  /** The sink has taken it. Not called where the sink fails. */
  written(): void;
}

/**
 * Writes pieces in the order in which they were added, while the later ones are still being made.
 * A failure of the sink rejects every later call.
 */
export class OrderedOutput {
  readonly #sink: ArchiveSink;
  #offset = 0;
  #pendingBytes = 0;
  #tail: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  #failure: { error: unknown } | undefined;

  constructor(sink: ArchiveSink) {
    this.#sink = sink;
  }

  /**
   * Adds a piece. `make` is called when its turn comes, when all earlier pieces are placed.
   * `weight` is about what it holds in memory until it is written.
   */
  add(
    make: () => Promise<Uint8Array[]> | Uint8Array[],
    weight: number,
    observer: PieceObserver,
  ): void {
    this.#pendingBytes += weight;
    this.#tail = this.#tail
      .then(async () => {
        if (this.#failure !== undefined) return;
        const bytes = await make();
        const length = bytes.reduce((sum, part) => sum + part.length, 0);
        observer.placed(this.#offset, length);
        this.#offset += length;
        await this.#sink.write(bytes);
        observer.written();
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#pendingBytes -= weight;
        for (const wake of this.#waiting.splice(0)) wake();
      });
  }

  /** Resolves when there is room for more. */
  async ready(): Promise<void> {
    while (this.#failure === undefined && this.#pendingBytes > MOST_PENDING_BYTES) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#throwFailure();
  }

  /** Resolves with the length of it all when everything added so far is written. */
  async drained(): Promise<number> {
    await this.#tail;
    this.#throwFailure();
    return this.#offset;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
