import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RateClock } from '../../src/object-store/rate-limit.js';

interface Waiting {
  at: number;
  callback: () => void;
}

/** A clock that stands still until it is moved, for limits of a rate. */
export class StepClock implements RateClock {
  #now = 0;
  readonly #waiting = new Set<Waiting>();

  readonly now = (): number => this.#now;

  readonly after = (ms: number, callback: () => void): (() => void) => {
    const waiting = { at: this.#now + ms, callback };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  };

  /** How many wait for the clock. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Goes on to the next of those who wait, again and again, until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const end = (): void => void (state.isDone = true);
    work.then(end, end);
    while (!state.isDone) {
      await nextTurn();
      this.#step();
    }
    return await work;
  }

  #step(): void {
    const [first] = [...this.#waiting].sort((a, b) => a.at - b.at);
    if (first === undefined) return;
    this.#waiting.delete(first);
    this.#now = Math.max(this.#now, first.at);
    first.callback();
  }
}
