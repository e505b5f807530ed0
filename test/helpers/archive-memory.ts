import type { ArchiveSink, ArchiveSource } from '../../src/archive/sink.js';
import { MangamotionError } from '../../src/errors.js';

/** Keeps what is written to it. */
export class MemorySink implements ArchiveSink {
  readonly #chunks: Uint8Array[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) this.#chunks.push(Buffer.from(chunk));
    return Promise.resolve();
  }
}

/** Reads from memory, counts how much, and rejects what a file would reject. */
export class MemorySource implements ArchiveSource {
  readonly sizeBytes: number;
  readBytes = 0;
  largestReadBytes = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.sizeBytes = bytes.length;
  }

  read(offset: number, length: number): Promise<Buffer> {
    this.readBytes += length;
    this.largestReadBytes = Math.max(this.largestReadBytes, length);
    if (offset < 0 || length < 0 || offset + length > this.sizeBytes) {
      return Promise.reject(new RangeError(`read outside the archive: ${length} at ${offset}`));
    }
    return Promise.resolve(this.#bytes.subarray(offset, offset + length));
  }
}

/** The error of ours that the promise rejects with; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<MangamotionError> {
  const outcome: unknown = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  if (outcome instanceof MangamotionError) return outcome;
  throw new Error('no error of ours', { cause: outcome });
}

export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}
