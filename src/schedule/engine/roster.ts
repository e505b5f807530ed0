import type { RunRecord } from '../state/record.js';
import type { EntryState } from '../state/state.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import { Slot, withRun, withoutTiming } from './slot.js';

/** The entries of the running schedule, and what is known of those that are in it no more. */
export class Roster {
  #slots = new Map<string, Slot>();
  #others = new Map<string, EntryState>();

  /** What a daemon before this one has left. */
  remember(states: Readonly<Record<string, EntryState>>): void {
    this.#others = new Map(Object.entries(states));
  }

  /** The entries from now on; each goes on from what is known of it. */
  take(entries: readonly ScheduledEntry[], now: Date): void {
    const names = new Set(entries.map(({ name }) => name));
    for (const [name, { state }] of this.#slots) {
      this.#others.set(name, names.has(name) ? state : withoutTiming(state));
    }
    this.#slots = new Map(
      entries.map((entry) => [entry.name, new Slot(entry, this.#others.get(entry.name), now)]),
    );
    for (const name of names) this.#others.delete(name);
  }

  /**
   * The same for a run beside the schedule, whose firings are not ours to deal with: nothing of what is
   * known may change but the last run.
   */
  borrow(entries: readonly ScheduledEntry[], now: Date): void {
    for (const entry of entries) {
      if (this.#others.has(entry.name)) continue;
      this.#slots.set(entry.name, new Slot(entry, undefined, now));
    }
  }

  get names(): Iterable<string> {
    return this.#slots.keys();
  }

  get slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  slotOf(name: string): Slot | undefined {
    return this.#slots.get(name);
  }

  stateOf(name: string): EntryState | undefined {
    return this.#slots.get(name)?.state ?? this.#others.get(name);
  }

  /** When the first of them is due, in ms of Unix time; `Infinity` where none ever is. */
  get firstDueMs(): number {
    let firstMs = Infinity;
    for (const { nextMs = Infinity } of this.#slots.values()) firstMs = Math.min(firstMs, nextMs);
    return firstMs;
  }

  /** By a clock that was wrong before: what is dealt with is so up to now. */
  setBack(nowMs: number): void {
    for (const slot of this.#slots.values()) {
      if (slot.handledMs > nowMs) slot.handledUntil(nowMs);
    }
  }

  ended(record: RunRecord): void {
    const slot = this.#slots.get(record.name);
    const other = this.#others.get(record.name);
    if (slot !== undefined) slot.ended(record);
    else if (other !== undefined) this.#others.set(record.name, withRun(other, record));
  }

  /** For the next daemon. */
  states(): Record<string, EntryState> {
    const own = [...this.#slots].map(([name, { state }]) => [name, state] as const);
    return Object.fromEntries([...this.#others, ...own]);
  }
}
