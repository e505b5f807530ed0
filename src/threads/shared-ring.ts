/**
 * Reusable memory that threads share, for objects on their way from the store to the archive. Managed
 * by the garbage collector, these blocks would take a fifth of a backup's time: each lives just long
 * enough to be expensive.
 *
 * Blocks are taken from a ring in order, and are usually released in that order. If the ring is
 * full, a block is ordinary memory.
 */
export class SharedRing {
  readonly memory: SharedArrayBuffer;
  readonly #ring: Buffer;
  /** The blocks in use, oldest first. */
  readonly #live: RingBlock[] = [];
  #next = 0;

  /** The number of bytes, or memory that another thread has made. */
  constructor(capacity: number | SharedArrayBuffer) {
    this.memory = typeof capacity === 'number' ? new SharedArrayBuffer(capacity) : capacity;
    this.#ring = Buffer.from(this.memory);
  }

  /** Returns true if no block is in use, so that the whole ring can be taken. */
  get isFree(): boolean {
    return this.#live.length === 0;
  }

  /** Returns a block of exactly this size, with arbitrary content. */
  take(sizeBytes: number): Block {
    const start = this.#roomFor(sizeBytes);
    if (start === undefined) {
      return { bytes: Buffer.allocUnsafe(sizeBytes), release: () => undefined };
    }
    const end = start + sizeBytes;
    const block = { start, end, released: false };
    this.#live.push(block);
    this.#next = end;
    return { bytes: this.#ring.subarray(start, end), release: () => this.#release(block) };
  }

  /** Returns a block as `take`; where the ring is full, one of shared memory of its own. */
  takeShared(sizeBytes: number): Block {
    const block = this.take(sizeBytes);
    if (block.bytes.buffer === this.memory) return block;
    return { bytes: Buffer.from(new SharedArrayBuffer(sizeBytes)), release: () => undefined };
  }

  #roomFor(sizeBytes: number): number | undefined {
    const oldest = this.#live[0];
    const capacity = this.#ring.length;
    if (oldest === undefined) return sizeBytes <= capacity ? 0 : undefined;
    // Free space runs from the newest block's end to the oldest's start, perhaps around the end.
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
  /** Call this when the bytes are no longer used. It may be called again. */
  release: () => void;
}

interface RingBlock {
  start: number;
  end: number;
  released: boolean;
}
