/** The longest sleep, and so the longest time until a changed clock or file is noticed. */
const LONGEST_SLEEP_MS = 10_000;

/**
 * Calls a function at its time, even if the clock is changed, and never while the last call is under
 * way. node-cron is no replacement: after the clock is set back it waits until the old time returns, and
 * after it is set forward it steps through every skipped second, which takes 16 s for a day.
 */
export class Ticker {
  readonly #now: () => Date;
  readonly #onTick: () => Promise<number | undefined>;
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;
  /** How often `wake` was called during a tick. */
  #wakes = 0;
  #isStopped = false;

  /** `onTick` resolves to the time of its next call, in ms of Unix time. It must not reject. */
  constructor(now: () => Date, onTick: () => Promise<number | undefined>) {
    this.#now = now;
    this.#onTick = onTick;
    this.#arm(0);
  }

  /** Calls `onTick` as soon as possible, for something other than the time. */
  wake(): void {
    if (this.#isTicking) this.#wakes++;
    else this.#arm(0);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #arm(inMs: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tick(), inMs);
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    const wakes = this.#wakes;
    const nextMs = (await this.#onTick()) ?? Infinity;
    this.#isTicking = false;
    const inMs = Math.max(0, nextMs - this.#now().getTime());
    this.#arm(this.#wakes > wakes ? 0 : Math.min(inMs, LONGEST_SLEEP_MS));
  }
}

/** A longer time overflows in Node, which then calls at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Like `setTimeout`, but works for weeks too. Returns a function that cancels it. */
export function startLongTimer(onEnd: () => void, ms: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
    timer = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : onEnd()), pieceMs);
  };
  arm(ms);
  return () => clearTimeout(timer);
}
