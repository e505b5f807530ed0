import type { ArchiveSink } from './sink.js';

/** If more than this is waiting for the sink or for deflation, the producer waits too. */
const MAX_PENDING_BYTES = 6 * 1024 * 1024;
/**
 * Pieces are written together up to this size, because each write costs a turn of the event loop.
 */
const WRITE_BYTES = 2 * 1024 * 1024;

export interface PieceObserver {
  placed(offset: number, length: number): void;
  /** Called when the sink has taken the piece. Not called if the sink fails. */
  written(): void;
}

interface Piece {
  make: () => Promise<Uint8Array[]> | Uint8Array[];
  weight: number;
  observer: PieceObserver;
}

/**
 * Writes pieces in the order in which they were added, while later ones are still being made. A
 * failure of the sink rejects every later call.
 */
export class OrderedOutput {
  readonly #sink: ArchiveSink;
  readonly #queue: Piece[] = [];
  #offset = 0;
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #waiting: (() => void)[] = [];
  #failure: { error: unknown } | undefined;

  constructor(sink: ArchiveSink) {
    this.#sink = sink;
  }

  /**
   * Adds a piece. `make` is called when all earlier pieces are placed. `weight` estimates the bytes
   * that it holds in memory until it is written.
   */
  add(make: Piece['make'], weight: number, observer: PieceObserver): void {
    if (this.#failure !== undefined) return;
    this.#pendingBytes += weight;
    this.#queue.push({ make, weight, observer });
    this.#writing ??= this.#writeQueue();
  }

  async ready(): Promise<void> {
    while (this.#failure === undefined && this.#pendingBytes > MAX_PENDING_BYTES) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#throwFailure();
  }

  /** Resolves to the total length when everything added so far is written. */
  async drained(): Promise<number> {
    while (this.#writing !== undefined) await this.#writing;
    this.#throwFailure();
    return this.#offset;
  }

  async #writeQueue(): Promise<void> {
    // Lets others add their pieces first, so that the first write holds more than one.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) await this.#writeBatch();
    } catch (error) {
      this.#failure ??= { error };
      this.#queue.length = 0;
    } finally {
      this.#writing = undefined;
      this.#wake();
    }
  }

  async #writeBatch(): Promise<void> {
    const chunks: Uint8Array[] = [];
    const pieces: Piece[] = [];
    let bytes = 0;
    while (bytes < WRITE_BYTES) {
      const piece = this.#queue.shift();
      if (piece === undefined) break;
      pieces.push(piece);
      const made = await piece.make();
      const length = made.reduce((sum, part) => sum + part.length, 0);
      piece.observer.placed(this.#offset, length);
      this.#offset += length;
      bytes += length;
      chunks.push(...made);
    }
    await this.#sink.write(chunks);
    for (const { weight, observer } of pieces) {
      this.#pendingBytes -= weight;
      observer.written();
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
