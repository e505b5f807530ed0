import type { PendingFiring, RunRecord } from './record.js';
import type { EntryState, ScheduleState } from './state.js';

/**
 * Returns what two states of one schedule know together, such as those of a daemon and of an earlier
 * version that ran after it. No firing that either of them dealt with becomes due again.
 */
export function mergeStates(one: ScheduleState, other: ScheduleState): ScheduleState {
  const newer = Date.parse(one.saved_at) > Date.parse(other.saved_at) ? one : other;
  const older = newer === one ? other : one;
  // A name can be `__proto__`.
  const entries = new Map(Object.entries(older.entries));
  for (const [name, state] of Object.entries(newer.entries)) {
    const earlier = entries.get(name);
    entries.set(name, earlier === undefined ? state : mergeEntries(state, earlier));
  }
  return {
    ...newer,
    entries: Object.fromEntries(entries),
    pending: withoutRepeats<PendingFiring>([...newer.pending, ...older.pending]),
    outbox: withoutRepeats<RunRecord>([...older.outbox, ...newer.outbox]),
  };
}

function mergeEntries(newer: EntryState, older: EntryState): EntryState {
  return {
    timing: newer.timing,
    handled_until: later(newer.handled_until, older.handled_until),
    last_started_due: laterOrNull(newer.last_started_due, older.last_started_due),
    last_run: newer.last_run ?? older.last_run,
    last_success_at: laterOrNull(newer.last_success_at, older.last_success_at),
  };
}

function later(one: string, other: string): string {
  return Date.parse(one) >= Date.parse(other) ? one : other;
}

function laterOrNull(one: string | null, other: string | null): string | null {
  return one === null || other === null ? (one ?? other) : later(one, other);
}

function withoutRepeats<T extends { id: string }>(all: readonly T[]): T[] {
  return all.filter(({ id }, at) => all.findIndex((other) => other.id === id) === at);
}
