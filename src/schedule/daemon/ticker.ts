const SECOND_MS = 1000;

/**
 * Calls once a second, right after its beginning, whatever the clock does meanwhile; the next time
 * when the last one has come to its end. node-cron would wait for a clock that was set back to come
 * again, and goes through every second that one set forward has left out: 16 s of work for a day.
 */
export class Ticker {
  readonly #now: () => Date;
  readonly #onTick: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** `onTick` must not reject. */
  constructor(now: () => Date, onTick: () => Promise<void>) {
    this.#now = now;
    this.#onTick = onTick;
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#isStopped) return;
    const intoSecond = this.#now().getTime() % SECOND_MS;
    this.#timer = setTimeout(() => void this.#tick(), SECOND_MS - intoSecond);
  }

  async #tick(): Promise<void> {
    await this.#onTick();
    this.#arm();
  }
}
