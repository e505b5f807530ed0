import type { ScheduledEntry } from '../crontab/entry.js';
import type { PendingFiring } from '../state/record.js';
import type { WaitingFiring } from './admission.js';

/** The firings that wait to be run. */
export class WaitingLine {
  #firings: WaitingFiring[] = [];

  get all(): readonly WaitingFiring[] {
    return this.#firings;
  }

  of(name: string): WaitingFiring[] {
    return this.#firings.filter(({ entry }) => entry.name === name);
  }

  add(firing: PendingFiring, entry: ScheduledEntry, notBeforeMs: number): void {
    this.#firings.push({ firing, entry, notBeforeMs });
  }

  remove(firing: WaitingFiring): void {
    this.#firings = this.#firings.filter((other) => other !== firing);
  }

  /** The first time after now at which one may start, in ms of Unix time; `Infinity` for none. */
  nextStartMs(nowMs: number): number {
    const later = this.#firings.map(({ notBeforeMs }) => notBeforeMs).filter((ms) => ms > nowMs);
    return later.reduce((a, b) => Math.min(a, b), Infinity);
  }

  /** Notes of those that might have started by now that they had to wait for a run. */
  markLate(nowMs: number): void {
    for (const waiting of this.#firings) {
      if (waiting.notBeforeMs <= nowMs) waiting.firing = { ...waiting.firing, waited: true };
    }
  }

  /** Keeps the delays of all when the clock was set back by this. */
  shiftBack(setBackMs: number): void {
    for (const waiting of this.#firings) waiting.notBeforeMs -= setBackMs;
  }
}
