import type { ScheduledEntry } from '../crontab/entry.js';
import { nextFiring, timingText } from '../crontab/firings.js';
import type { RunRecord } from '../state/record.js';
import { hasRun } from '../state/record.js';
import type { EntryState } from '../state/state.js';

/** The timing of an entry that left the schedule. If it returns with other times, it starts over. */
const NO_TIMING = '';

/** An entry of the running schedule, and the time up to which its firings have been handled. */
export interface TrackedEntry {
  readonly entry: ScheduledEntry;
  state: EntryState;
  /** When it is due next, in ms of Unix time; `undefined` where it never is. */
  nextMs: number | undefined;
}

/** Marks the firings of an entry up to this time as handled. */
export function markHandled(tracked: TrackedEntry, atMs: number): void {
  const until = new Date(atMs);
  tracked.state = { ...tracked.state, handled_until: until.toISOString() };
  tracked.nextMs = nextFiring(tracked.entry.timing, until)?.getTime();
}

/** Continues from the known state where the times of the entry are still the same. */
function track(entry: ScheduledEntry, known: EntryState | undefined, now: Date): TrackedEntry {
  const timing = timingText(entry);
  const isSame = known?.timing === timing;
  const state: EntryState = {
    timing,
    handled_until: isSame ? known.handled_until : now.toISOString(),
    last_started_due: isSame ? known.last_started_due : null,
    last_run: known?.last_run ?? null,
    last_success_at: known?.last_success_at ?? null,
  };
  const next = nextFiring(entry.timing, new Date(state.handled_until));
  return { entry, state, nextMs: next?.getTime() };
}

/** The entries of the running schedule, and what is known of those that left it. */
export class EntryTable {
  #entries = new Map<string, TrackedEntry>();
  #others = new Map<string, EntryState>();

  /** Loads the states that an earlier daemon saved. */
  remember(states: Readonly<Record<string, EntryState>>): void {
    this.#others = new Map(Object.entries(states));
  }

  /** Replaces the entries; each continues from what is known of it. */
  replace(entries: readonly ScheduledEntry[], now: Date): void {
    const names = new Set(entries.map(({ name }) => name));
    for (const [name, { state }] of this.#entries) {
      this.#others.set(name, names.has(name) ? state : { ...state, timing: NO_TIMING });
    }
    this.#entries = new Map(
      entries.map((entry) => [entry.name, track(entry, this.#others.get(entry.name), now)]),
    );
    for (const name of names) this.#others.delete(name);
  }

  /**
   * Adds entries for a single run beside the schedule. Other firings belong to the daemon, so only the
   * last run of an entry may change.
   */
  borrow(entries: readonly ScheduledEntry[], now: Date): void {
    for (const entry of entries) {
      if (!this.#others.has(entry.name))
        this.#entries.set(entry.name, track(entry, undefined, now));
    }
  }

  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  get tracked(): Iterable<TrackedEntry> {
    return this.#entries.values();
  }

  find(name: string): TrackedEntry | undefined {
    return this.#entries.get(name);
  }

  stateOf(name: string): EntryState | undefined {
    return this.#entries.get(name)?.state ?? this.#others.get(name);
  }

  /** When the first entry is due, in ms of Unix time; `Infinity` where none ever is. */
  get firstDueMs(): number {
    let firstMs = Infinity;
    for (const { nextMs = Infinity } of this.#entries.values()) firstMs = Math.min(firstMs, nextMs);
    return firstMs;
  }

  /** Call this when a clock that was ahead has been corrected: firings up to now count as handled. */
  setBack(nowMs: number): void {
    for (const tracked of this.#entries.values()) {
      if (Date.parse(tracked.state.handled_until) > nowMs) markHandled(tracked, nowMs);
    }
  }

  recorded(record: RunRecord): void {
    const state = this.stateOf(record.name);
    if (state === undefined || !hasRun(record)) return;
    const isSuccess = record.exit_code === 0;
    const last_success_at = isSuccess ? record.finished_at : state.last_success_at;
    const changed = { ...state, last_run: record, last_success_at };
    const tracked = this.find(record.name);
    if (tracked === undefined) this.#others.set(record.name, changed);
    else tracked.state = changed;
  }

  /** Returns all states, for the next daemon. */
  states(): Record<string, EntryState> {
    const own = [...this.#entries].map(([name, { state }]) => [name, state] as const);
    return Object.fromEntries([...this.#others, ...own]);
  }
}
