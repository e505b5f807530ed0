import type { Change, Ending, Touch } from './changes.js';

/** A job leaves the queue, and then the worker writes its billing record, which is waited for this long. */
const GRACE_MS = 10_000;
/** The time between two looks for the records that are awaited. */
export const RECORD_RETRY_MS = 1000;
const MOST_AWAITED = 1000;

/** Jobs that have ended and left the queue, and whose billing records may follow. */
export class AwaitedRecords {
  readonly #jobs = new Map<string, { untilMs: number; ending: Ending }>();
  #nextLookMs = 0;

  get size(): number {
    return this.#jobs.size;
  }

  clear(): void {
    this.#jobs.clear();
  }

  /** Returns the jobs whose records are to be looked for at this time: all of them, or none yet. */
  due(nowMs: number): Map<string, Touch> {
    if (nowMs < this.#nextLookMs) return new Map();
    this.#nextLookMs = nowMs + RECORD_RETRY_MS;
    return new Map([...this.#jobs].map(([id, { ending }]) => [id, { eventId: undefined, ending }]));
  }

  /**
   * Returns what is told of a change at this time; `undefined`: nothing yet. `isTouched`: an event of the
   * job has come, so that waiting for its record begins.
   */
  told(change: Change, isTouched: boolean, nowMs: number): Change | undefined {
    const { id, awaitsRecord, ending } = change;
    if (!awaitsRecord || ending === undefined) {
      this.#jobs.delete(id);
      return change;
    }
    const awaited = this.#jobs.get(id);
    if (isTouched || awaited === undefined) {
      if (this.#jobs.size < MOST_AWAITED) this.#jobs.set(id, { untilMs: nowMs + GRACE_MS, ending });
      return change.row === undefined ? undefined : change;
    }
    if (nowMs < awaited.untilMs) return undefined;
    this.#jobs.delete(id);
    return { ...change, row: undefined };
  }
}
