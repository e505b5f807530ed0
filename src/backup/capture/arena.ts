/**
 * Memory for objects on their way from the store to the archive, used over and over. Left to the
 * garbage collector, each of these blocks would live just long enough to be expensive: a backup
 * would spend a fifth of its time on collecting them.
 *
 * Blocks come from a ring, one behind the other; the oldest is as a rule given back first. Where the
 * ring has no room the block is ordinary memory. The ring can be shared with other threads.
 */
export class Arena {
  readonly #ring: Buffer;
  /** In the order in which they were taken. */
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
    // Free is what lies behind the newest, up to the oldest: around the ring's end or not.
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
