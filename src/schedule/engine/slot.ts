import { nextFiring } from '../crontab/firings.js';
import type { RunRecord } from '../state/record.js';
import { hasRun } from '../state/record.js';
import type { EntryState } from '../state/state.js';
import type { ScheduledEntry } from '../crontab/entry.js';

/** Of an entry that is in the schedule no more: where it comes again, it begins anew. */
const NO_TIMING = '';

/** An entry of the running schedule, and how far its firings are dealt with. */
export class Slot {
  readonly entry: ScheduledEntry;
  #state: EntryState;
  #nextMs: number | undefined;

  /** Goes on from what is known of it, if its times are still the same. */
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

  /** When it is due next; `undefined` where it never is. */
  get nextMs(): number | undefined {
    return this.#nextMs;
  }

  handledUntil(atMs: number): void {
    this.#state = { ...this.#state, handled_until: new Date(atMs).toISOString() };
    this.#findNext();
  }

  begins(dueMs: number): void {
    this.#state = { ...this.#state, last_started_due: new Date(dueMs).toISOString() };
  }

  /** Whether the firing was begun already, by a clock that was set back since. */
  hasBegun(dueMs: number): boolean {
    return this.#state.last_started_due === new Date(dueMs).toISOString();
  }

  ended(record: RunRecord): void {
    this.#state = withRun(this.#state, record);
  }

  #findNext(): void {
    this.#nextMs = nextFiring(this.entry.timing, new Date(this.handledMs))?.getTime();
  }
}

/** What stays known of an entry that is taken out of the schedule. */
export function withoutTiming(state: EntryState): EntryState {
  return { ...state, timing: NO_TIMING };
}

export function withRun(state: EntryState, record: RunRecord): EntryState {
  if (!hasRun(record)) return state;
  const isSuccess = record.exit_code === 0;
  return {
    ...state,
    last_run: record,
    last_success_at: isSuccess ? record.finished_at : state.last_success_at,
  };
}

export function timingText({ timeText, timing }: ScheduledEntry): string {
  return `${timeText} ${timing.zone}`;
}
