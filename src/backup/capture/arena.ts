/**
 * Reusable memory for objects on their way from the store to the archive. If the garbage collector
 * managed these blocks, a backup would spend a fifth of its time on it: each lives just long enough to
 * be expensive.
 *
 * Blocks are taken from a ring in sequence, and the oldest is usually released first. If the ring is
 * full, the block is ordinary memory. The ring can be shared with other threads.
 */
export class Arena {
  readonly #ring: Buffer;
  /** The blocks in use, in the order in which they were taken. */
  readonly #live: RingBlock[] = [];
  #next = 0;

  constructor(capacityBytes: number) {
    this.#ring = Buffer.from(new SharedArrayBuffer(capacityBytes));
  }

  /** Returns a block of exactly that size, with arbitrary content. */
  take(sizeBytes: number): Block {
    const start = this.#roomFor(sizeBytes);
    if (start === undefined)
      return { bytes: Buffer.allocUnsafe(sizeBytes), release: () => undefined };
    const end = start + sizeBytes;
    const block = { start, end, released: false };
    this.#live.push(block);
    this.#next = end;
    return { bytes: this.#ring.subarray(start, end), release: () => this.#release(block) };
  }

  #roomFor(sizeBytes: number): number | undefined {
    const oldest = this.#live[0];
    const capacity = this.#ring.length;
    if (oldest === undefined) return sizeBytes <= capacity ? 0 : undefined;
    // The free space runs from the end of the newest block to the start of the oldest, possibly around
    // the ring's end.
    if (this.#next <= oldest.start) {
      return this.#next + sizeBytes <= oldest.start ? this.#next : undefined;
    }
    if (this.#next + sizeBytes <= capacity) return this.#next;
    return sizeBytes <= oldest.start ? 0 : undefined;
  }

  #release(block: RingBlock): void {
    block.released = true;
    while (this.#live[0]?.released === true) this.#live.shift();
  }
}

export interface Block {
  bytes: Buffer;
  /** Call this when nobody reads or writes the bytes any more; it may be called again. */
  release: () => void;
}

interface RingBlock {
  start: number;
  end: number;
  released: boolean;
}
