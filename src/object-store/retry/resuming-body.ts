import { Readable } from 'node:stream';
import type { Backoff } from './backoff.js';

export interface ResumingBodyOptions {
  /** The open body, at its first byte. */
  first: Readable;
  sizeBytes: number;
  /** Opens the body again from byte `offset` on. */
  reopen: (offset: number) => Promise<Readable>;
  backoff: () => Backoff;
}

/**
 * A body that resumes where the connection broke. It passes chunks on unchanged and only counts
 * their bytes, to know where the next response must begin.
 */
export class ResumingBody extends Readable {
  readonly #reopen: (offset: number) => Promise<Readable>;
  readonly #openBackoff: () => Backoff;
  readonly #sizeBytes: number;
  #backoff: Backoff | undefined;
  #source: Readable;
  #received = 0;
  #receivedBefore = 0;
  #flowing = false;

  constructor({ first, sizeBytes, reopen, backoff }: ResumingBodyOptions) {
    super();
    this.#sizeBytes = sizeBytes;
    this.#reopen = reopen;
    this.#openBackoff = backoff;
    this.#source = first;
    this.#attach(first);
    // The body may fail before anybody reads it; the later reader still gets the error.
    this.on('error', () => undefined);
  }

  override _read(): void {
    if (this.#flowing) {
      if (this.#source.isPaused()) this.#source.resume();
      return;
    }
    this.#flowing = true;
    this.#flow();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.destroy();
    callback(error);
  }

  /** Listens for errors at once, because the source may break before anybody reads. */
  #attach(source: Readable): void {
    source.on('error', (error) => {
      if (this.destroyed) return;
      this.#recover(error).catch((failure: unknown) => this.destroy(failure as Error));
    });
  }

  #flow(): void {
    const source = this.#source;
    source.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      if (!this.push(chunk)) source.pause();
    });
    source.on('end', () => this.push(null));
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#received >= this.#sizeBytes) {
      this.push(null);
      return;
    }
    this.#backoff ??= this.#openBackoff();
    if (this.#received > this.#receivedBefore) this.#backoff.reset();
    this.#receivedBefore = this.#received;
    for (let failure = error; ;) {
      await this.#backoff.after(failure);
      if (this.destroyed) return;
      try {
        this.#switchTo(await this.#reopen(this.#received));
        return;
      } catch (next) {
        failure = next;
      }
    }
  }

  #switchTo(source: Readable): void {
    if (this.destroyed) {
      source.destroy();
      return;
    }
    this.#source = source;
    this.#attach(source);
    if (this.#flowing) this.#flow();
  }
}
