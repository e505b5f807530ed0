import type { ScheduledEntry } from '../crontab/entry.js';
import type { Child } from '../run/firing-record.js';
import type { PendingFiring } from '../state/state.js';
import type { WaitingFiring } from './admission.js';
import { nextToStart } from './admission.js';

/** A firing that waits to be run. */
export interface QueuedFiring extends WaitingFiring {
  /** Whether it could have started earlier but for another run. */
  waited: boolean;
}

/** A firing whose run has started and not yet ended. */
export interface ActiveRun {
  /** `undefined` where the entry is no longer in the schedule. */
  entry: ScheduledEntry | undefined;
  name: string;
  destination: string | undefined;
  firing: PendingFiring;
  /** `undefined` while it is being started. */
  child: Child | undefined;
  /** The reason why the run must end as soon as it has started. */
  endReason: string | undefined;
}

/** The queue of firings: those that wait, and those that run. It decides nothing and does no I/O. */
export class FiringQueue {
  #waiting: QueuedFiring[] = [];
  readonly #running = new Map<string, ActiveRun>();
  /** Called when a run has ended. */
  readonly #onEnd = new Set<() => void>();

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** A copy, so that firings can be removed meanwhile. */
  get waiting(): QueuedFiring[] {
    return [...this.#waiting];
  }

  waitingOf(name: string): QueuedFiring[] {
    return this.#waiting.filter(({ entry }) => entry.name === name);
  }

  runsOf(name: string): ActiveRun[] {
    return [...this.#running.values()].filter((run) => run.name === name);
  }

  add(firing: QueuedFiring): void {
    this.#waiting.push(firing);
  }

  remove(firing: QueuedFiring): void {
    this.#waiting = this.#waiting.filter((other) => other !== firing);
  }

  /**
   * The first time after now at which a waiting firing may start, in ms of Unix time; `Infinity` where
   * there is none. A firing that waits for a run is started when that run ends.
   */
  nextStartMs(nowMs: number): number {
    const later = this.#waiting.map(({ notBeforeMs }) => notBeforeMs).filter((ms) => ms > nowMs);
    return later.reduce((a, b) => Math.min(a, b), Infinity);
  }

  /** Moves a firing that may start now to the runs; `undefined` where none may. */
  startNext(limits: {
    atOnce: number;
    nowMs: number;
  }): { firing: QueuedFiring; run: ActiveRun } | undefined {
    const firing = nextToStart(this.#waiting, [...this.#running.values()], limits);
    if (firing === undefined) return undefined;
    this.remove(firing);
    const { entry } = firing;
    const run: ActiveRun = {
      ...{ entry, name: entry.name, destination: entry.destination },
      ...{ firing: pendingOf(firing), child: undefined, endReason: undefined },
    };
    this.#running.set(firing.id, run);
    return { firing, run };
  }

  /** Takes over a run that an earlier daemon has started. */
  adopt(firing: PendingFiring, entry: ScheduledEntry | undefined, child: Child): ActiveRun {
    const run: ActiveRun = {
      ...{ entry, name: firing.name, destination: entry?.destination, firing },
      ...{ child, endReason: undefined },
    };
    this.#running.set(firing.id, run);
    return run;
  }

  /** Marks firings that could have started by time but had to wait for another run. */
  markWaited(nowMs: number): void {
    for (const firing of this.#waiting) firing.waited ||= firing.notBeforeMs <= nowMs;
  }

  /**
   * Call this when the clock was set back: a firing waits for its original delay, not until the old time
   * returns.
   */
  shiftBack(setBackMs: number): void {
    for (const firing of this.#waiting) firing.notBeforeMs -= setBackMs;
  }

  /** Removes a run that has ended, or was not started. Call `notifyEnd` when it is dealt with. */
  removeRun(run: ActiveRun): void {
    this.#running.delete(run.firing.id);
  }

  notifyEnd(): void {
    for (const resolve of this.#onEnd) resolve();
    this.#onEnd.clear();
  }

  /** Resolves when nothing runs. */
  async untilNothingRuns(): Promise<void> {
    while (this.#running.size > 0) {
      await new Promise<void>((resolve) => this.#onEnd.add(resolve));
    }
  }

  endAll(reason: string): void {
    for (const run of this.#running.values()) endRun(run, reason);
  }

  /** Returns all firings in the form of the saved state: the runs, then the waiting ones. */
  pending(): PendingFiring[] {
    const running = [...this.#running.values()].map(({ firing }) => firing);
    return [...running, ...this.#waiting.map(pendingOf)];
  }
}

/** Ends a run, even one that is still being started. */
export function endRun(run: ActiveRun, reason: string): void {
  if (run.child === undefined) run.endReason = reason;
  else run.child.end(reason);
}

/**
 * Returns the firing of an entry at a scheduled time: the id consists of the entry's name and the time.
 */
export function firingOf(name: string, at: Date) {
  const due_at = at.toISOString();
  return { id: `${name}@${due_at}`, name, due_at };
}

/** Returns a waiting firing as the state has it. */
export function pendingOf({ id, entry, dueMs, trigger, waited }: QueuedFiring): PendingFiring {
  return {
    ...{ id, name: entry.name, due_at: new Date(dueMs).toISOString(), trigger, waited },
    ...{ started_at: null, log_file: null, process: null },
  };
}
