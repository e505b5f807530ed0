import { SharedRing } from './shared-ring.js';

/**
 * Keeps one ring that is no longer used for the next who needs one. Two threads know the memory of a ring,
 * and it is given back only when the garbage of both has been collected: a process that made a ring each
 * time would grow.
 */
export class RingKeeper {
  readonly #sizeBytes: number;
  #kept: SharedRing | undefined;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** Returns a ring with all its room: the one that is kept, or a new one. */
  take(): SharedRing {
    const ring = this.#kept;
    if (ring?.isFree !== true) return new SharedRing(this.#sizeBytes);
    this.#kept = undefined;
    return ring;
  }

  /** Keeps a ring. Its last blocks may still be in use. */
  keep(ring: SharedRing): void {
    this.#kept = ring;
  }
}
