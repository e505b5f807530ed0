/** A change of speed is believed after about this long. */
const SMOOTHING_SECONDS = 10;

/** Bytes per second, smoothed exponentially over time, however unevenly it is asked. */
export class RateMeter {
  #last: { bytes: number; atMs: number } | undefined;
  #rate: number | undefined;

  /** Takes the count so far; returns the smoothed rate, 0 until there are two samples. */
  sample(bytes: number, atMs: number): number {
    const last = this.#last;
    const seconds = last === undefined ? 0 : (atMs - last.atMs) / 1000;
    if (last !== undefined && seconds <= 0) return this.#rate ?? 0;
    this.#last = { bytes, atMs };
    if (last === undefined) return 0;
    const current = Math.max(0, bytes - last.bytes) / seconds;
    const weight = 1 - Math.exp(-seconds / SMOOTHING_SECONDS);
    this.#rate = this.#rate === undefined ? current : this.#rate + weight * (current - this.#rate);
    return this.#rate;
  }
}
