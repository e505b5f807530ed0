import type { ArchiveSink } from '../archive/sink.js';
import { type RunningDigest, cryptoThread } from '../threads/crypto-thread.js';
import type { Block } from '../threads/shared-ring.js';
import { CHUNK_BYTES, type PayloadKey } from './payload.js';

/** The number of chunks that are sealed together (2 MiB), because each message to the thread has a cost. */
const CHUNKS_AT_ONCE = 32;

/**
 * Writes an age file: its head, then what it is given, sealed chunk by chunk. While the sink takes
 * sealed chunks, the next ones are being sealed.
 */
export class EncryptingSink implements ArchiveSink {
  readonly #sink: ArchiveSink;
  readonly #key: PayloadKey;
  readonly #digest: RunningDigest | undefined;
  readonly #thread = cryptoThread();
  #head: readonly Uint8Array[];
  #number = 0;
  /**
   * The beginning of the next chunk, at most all of it: whether a chunk is the last one must be
   * known before it is sealed.
   */
  readonly #held = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #heldBytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(sink: ArchiveSink, head: readonly Uint8Array[], key: PayloadKey) {
    this.#sink = sink;
    this.#head = head;
    this.#key = key;
    this.#digest = sink.lendDigest?.();
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#seal(this.#fill(chunks), false);
  }

  /** Writes the last chunk. Nothing may be written after it. */
  async end(): Promise<void> {
    const held = this.#held.subarray(0, this.#heldBytes);
    await this.#seal([[held]], true);
    await this.#writing;
  }

  /** Cuts the bytes into chunks, and holds back what may belong to the last one. */
  #fill(chunks: readonly Uint8Array[]): Uint8Array[][] {
    const full: Uint8Array[][] = [];

    // The caller may replace these bytes before the thread has read them.
    const held = Buffer.from(this.#held.subarray(0, this.#heldBytes));
    let pieces: Uint8Array[] = [held];
    let room = CHUNK_BYTES - held.length;
    for (const chunk of chunks) {
      let at = 0;
      while (at < chunk.length) {
        if (room === 0) {
          // More bytes follow, so this chunk is not the last one.
          full.push(pieces);
          pieces = [];
          room = CHUNK_BYTES;
        }
        const piece = chunk.subarray(at, at + room);
        pieces.push(piece);
        at += piece.length;

        room -= piece.length;
      }
    }
    this.#heldBytes = 0;
    for (const piece of pieces) {
      this.#held.set(piece, this.#heldBytes);
      this.#heldBytes += piece.length;
    }
    return full;
  }

  async #seal(full: readonly Uint8Array[][], isEnd: boolean): Promise<void> {
    for (let at = 0; at < full.length; at += CHUNKS_AT_ONCE) {
      const parts = full.slice(at, at + CHUNKS_AT_ONCE);
      const first = this.#number;
      this.#number += parts.length;
      if (first === 0) await this.#digest?.update(this.#head);
      const chunks = { first, parts, endsWithLast: isEnd };
      const sealed = await this.#key.seal(this.#thread, chunks, this.#digest);
      // One write at a time; a failure of the last one is thrown here.
      await this.#writing;
      this.#writing = this.#write(sealed);
      // A failed write is reported by the next call, so Node.js must not report it as unhandled.
      this.#writing.catch(() => undefined);
    }
  }

  async #write({ bytes, release }: Block): Promise<void> {
    const head = this.#head;
    this.#head = [];
    try {
      await this.#sink.write([...head, bytes]);
    } finally {
      release();
    }
  }
}
