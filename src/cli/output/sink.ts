import { MangamotionError } from '../../errors.js';
import type { OutputStream } from '../host.js';

/**
 * stdout with back-pressure. A reader that goes away (`| head`) is no error: what is written after
 * it left is dropped, and `readerGone` tells a long answer to stop. Any other failed write (a full
 * disk) is one.
 */
export class Sink {
  readonly #stream: OutputStream;
  #readerGone = false;
  #failure: Error | undefined;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') this.#readerGone = true;
      else this.#failure ??= error;
    });
  }

  get readerGone(): boolean {
    return this.#readerGone;
  }

  /** Resolves when more may be written. Rejects with `disk` when this cannot be. */
  async write(text: string | Uint8Array): Promise<void> {
    this.#throwFailure();
    if (this.#readerGone || text.length === 0) return;
    if (!this.#stream.write(text)) await this.flush();
    this.#throwFailure();
  }

  /** Resolves when all that was written has been taken, or the reader is gone. */
  async flush(): Promise<void> {
    if (this.#readerGone) return;
    await new Promise<void>((resolve) => {
      this.#stream.write('', () => resolve());
    });
    // The callback runs before the stream's 'error' event.
    await new Promise(setImmediate);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    throw new MangamotionError('disk', `cannot write to stdout: ${this.#failure.message}`, {
      hint: 'The disk that the output is redirected to may be full.',
      cause: this.#failure,
    });
  }
}
