/** A change of speed is believed after about this long. */
const SMOOTHING_SECONDS = 10;

/** A rate over less time than this says little about what is to come. */
const SETTLED_SECONDS = 2;

/**
 * Bytes per second since the first byte moved: what came before it (connecting, listing) is no slow
 * copying. The average at first, later smoothed exponentially, however unevenly it is asked.
 */
export class RateMeter {
  #last: { bytes: number; atMs: number } | undefined;
  #begunMs: number | undefined;
  #rate = 0;

  /** Takes the count so far; returns the rate, 0 until something has moved. */
  sample(bytes: number, atMs: number): number {
    const last = this.#last;
    if (last === undefined || (last.bytes <= 0 && bytes <= 0)) {
      this.#last = { bytes, atMs };
      return 0;
    }
    const seconds = (atMs - last.atMs) / 1000;
    if (seconds <= 0) return this.#rate;
    this.#begunMs ??= last.atMs;
    this.#last = { bytes, atMs };
    const current = Math.max(0, bytes - last.bytes) / seconds;
    const smoothed = 1 - Math.exp(-seconds / SMOOTHING_SECONDS);
    const averaged = seconds / this.#secondsUntil(atMs);
    this.#rate += Math.max(smoothed, averaged) * (current - this.#rate);
    return this.#rate;
  }

  /** Leaves out the time since the last sample: something else was done in it. */
  skip(atMs: number): void {
    if (this.#last === undefined) return;
    if (this.#begunMs !== undefined) this.#begunMs += atMs - this.#last.atMs;
    this.#last.atMs = atMs;
  }

  /** Whether it was measured for long enough to tell how long the rest will take. */
  isSettled(atMs: number): boolean {
    return this.#secondsUntil(atMs) >= SETTLED_SECONDS;
  }

  #secondsUntil(atMs: number): number {
    return this.#begunMs === undefined ? 0 : (atMs - this.#begunMs) / 1000;
  }
}
