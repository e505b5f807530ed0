import type { ArchiveSink } from '../archive/sink.js';
import { CHUNK_BYTES, type PayloadKey } from './payload.js';

/** Writes an age file: its head, then what it is given, sealed chunk by chunk. */
export class EncryptingSink implements ArchiveSink {
  readonly #sink: ArchiveSink;
  readonly #key: PayloadKey;
  #head: readonly Uint8Array[];
  #number = 0;
  /**
   * The beginning of the next chunk, at most all of it: whether a chunk is the last one must be
   * known before it is sealed.
   */
  readonly #held = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #heldBytes = 0;

  constructor(sink: ArchiveSink, head: readonly Uint8Array[], key: PayloadKey) {
    this.#sink = sink;
    this.#head = head;
    this.#key = key;
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    let left = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const out: Uint8Array[] = this.#takeHead();
    let pieces: Uint8Array[] = [];
    let room = CHUNK_BYTES - this.#heldBytes;
    for (const chunk of chunks) {
      let at = 0;
      while (at < chunk.length) {
        if (room === 0) {
          // More bytes follow, so this chunk is not the last one.
          out.push(...this.#seal(pieces, false));
          pieces = [];
          room = CHUNK_BYTES;
        }
        const piece = chunk.subarray(at, at + room);
        if (left <= room) this.#hold(pieces, piece);
        else pieces.push(piece);
        at += piece.length;
        left -= piece.length;
        room -= piece.length;
      }
    }
    if (out.length > 0) await this.#sink.write(out);
  }

  /** Writes the last chunk. Nothing may be written after it. */
  async end(): Promise<void> {
    await this.#sink.write([...this.#takeHead(), ...this.#seal([], true)]);
  }

  /** Copies what stays until the next call, because the caller may reuse its memory. */
  #hold(pieces: Uint8Array[], piece: Uint8Array): void {
    for (const part of [...pieces.splice(0), piece]) {
      this.#held.set(part, this.#heldBytes);
      this.#heldBytes += part.length;
    }
  }

  #seal(pieces: readonly Uint8Array[], isLast: boolean): Uint8Array[] {
    const held = this.#held.subarray(0, this.#heldBytes);
    this.#heldBytes = 0;
    return this.#key.seal(this.#number++, isLast, held.length === 0 ? pieces : [held, ...pieces]);
  }

  #takeHead(): Uint8Array[] {
    const head = [...this.#head];
    this.#head = [];
    return head;
  }
}
