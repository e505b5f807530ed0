import type { ScheduledEntry } from '../crontab/entry.js';
import { nextFiring } from '../crontab/firings.js';
import type { RunRecord } from '../state/record.js';
import { hasRun } from '../state/record.js';
import type { EntryState } from '../state/state.js';

/** The timing of an entry that left the schedule. If it returns with other times, it starts over. */
const NO_TIMING = '';

/** An entry of the running schedule, and the time up to which its firings have been handled. */
export class TrackedEntry {
  readonly entry: ScheduledEntry;
  #state: EntryState;
  #nextMs: number | undefined;

  /** Continues from the known state where the times of the entry are still the same. */
  constructor(entry: ScheduledEntry, known: EntryState | undefined, now: Date) {
    this.entry = entry;
    const timing = timingText(entry);
    const goesOn = known?.timing === timing;
    this.#state = {
      timing,
      handled_until: goesOn ? known.handled_until : now.toISOString(),
      last_started_due: goesOn ? known.last_started_due : null,
      last_run: known?.last_run ?? null,
      last_success_at: known?.last_success_at ?? null,
    };
    this.#findNext();
  }

  get state(): EntryState {
    return this.#state;
  }

  get handledMs(): number {
    return Date.parse(this.#state.handled_until);
  }

  /** When it is due next, in ms of Unix time; `undefined` where it never is. */
  get nextMs(): number | undefined {
    return this.#nextMs;
  }

  handledUntil(atMs: number): void {
    this.#state = { ...this.#state, handled_until: new Date(atMs).toISOString() };
    this.#findNext();
  }

  started(dueMs: number): void {
    this.#state = { ...this.#state, last_started_due: new Date(dueMs).toISOString() };
  }

  /** Whether the firing was started already, before the clock was set back. */
  hasStarted(dueMs: number): boolean {
    return this.#state.last_started_due === new Date(dueMs).toISOString();
  }

  recorded(record: RunRecord): void {
    this.#state = withRun(this.#state, record);
  }

  #findNext(): void {
    this.#nextMs = nextFiring(this.entry.timing, new Date(this.handledMs))?.getTime();
  }
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
      this.#others.set(name, names.has(name) ? state : withoutTiming(state));
    }
    this.#entries = new Map(
      entries.map((entry) => [
        entry.name,
        new TrackedEntry(entry, this.#others.get(entry.name), now),
      ]),
    );
    for (const name of names) this.#others.delete(name);
  }

  /**
   * Adds entries for a single run beside the schedule. Other firings belong to the daemon, so only the
   * last run of an entry may change.
   */
  borrow(entries: readonly ScheduledEntry[], now: Date): void {
    for (const entry of entries) {
      if (this.#others.has(entry.name)) continue;
      this.#entries.set(entry.name, new TrackedEntry(entry, undefined, now));
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
      if (tracked.handledMs > nowMs) tracked.handledUntil(nowMs);
    }
  }

  recorded(record: RunRecord): void {
    const tracked = this.#entries.get(record.name);
    const other = this.#others.get(record.name);
    if (tracked !== undefined) tracked.recorded(record);
    else if (other !== undefined) this.#others.set(record.name, withRun(other, record));
  }

  /** Returns all states, for the next daemon. */
  states(): Record<string, EntryState> {
    const own = [...this.#entries].map(([name, { state }]) => [name, state] as const);
    return Object.fromEntries([...this.#others, ...own]);
  }
}

/** Returns what stays known of an entry that left the schedule. */
function withoutTiming(state: EntryState): EntryState {
  return { ...state, timing: NO_TIMING };
}

function withRun(state: EntryState, record: RunRecord): EntryState {
  if (!hasRun(record)) return state;
  const isSuccess = record.exit_code === 0;
  return {
    ...state,
    last_run: record,
    last_success_at: isSuccess ? record.finished_at : state.last_success_at,
  };
}

/** Returns the time fields and the zone: where they change, the entry begins anew. */
export function timingText({ timeText, timing }: ScheduledEntry): string {
  return `${timeText} ${timing.zone}`;
}
