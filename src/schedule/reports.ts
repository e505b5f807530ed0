import type { Entry } from './crontab/entry.js';
import { firingsAfter, nextFiring, timingText } from './crontab/firings.js';
import { quoteWord } from './crontab/words.js';
import type { PendingFiring, RunRecord } from './state/record.js';
import { hasFailed } from './state/record.js';
import type { ScheduleState } from './state/state.js';

/** What `schedule next`, `schedule status` and `schedule history` show. */

/** A coming firing of an entry. */
export interface Upcoming {
  name: string;
  at: Date;
  /** The command line, quoted for a shell. */
  command: string;
  zone: string;
}

/** Returns the next `count` firings by time; those of the same time are in the order of the file. */
export function upcoming(entries: readonly Entry[], after: Date, count: number): Upcoming[] {
  const sources = entries.map((entry) => {
    const firings = firingsAfter(entry.timing, after);
    return { entry, firings, next: nextOf(firings) };
  });
  const runs: Upcoming[] = [];
  while (runs.length < count) {
    const [earliest] = sources
      .filter(({ next }) => next !== undefined)
      .sort((a, b) => (a.next?.getTime() ?? 0) - (b.next?.getTime() ?? 0));
    if (earliest?.next === undefined) break;
    const { entry, firings, next } = earliest;
    const { name, timing } = entry;
    runs.push({ name, at: next, command: commandText(entry), zone: timing.zone });
    earliest.next = nextOf(firings);
  }
  return runs;
}

function nextOf(firings: Generator<Date, undefined>): Date | undefined {
  return firings.next().value;
}

/** Returns the command line of an entry, quoted for a shell. */
function commandText({ argv }: Entry): string {
  return argv.map(quoteWord).join(' ');
}

/** The status of an entry. Times are RFC 3339 in UTC. */
export interface EntryStatus {
  name: string;
  command: string;
  /** `waiting`: it is due, and another run must end first. */
  state: 'running' | 'waiting' | 'idle';
  running_since: string | null;
  next_at: string | null;
  /** The zone of its times. */
  zone: string;
  last_run: RunRecord | null;
  last_success_at: string | null;
  /** `null` where no age was given, or no run is known. */
  overdue: boolean | null;
}

/** `undefined` where the state cannot be read. */
type KnownState = Pick<ScheduleState, 'entries' | 'pending'> | undefined;

export interface EntryStatusOptions {
  now: Date;
  /** The maximum age of the last success. */
  maxAgeMs: number | undefined;
  /** Whether a run is known to have ended since, after its daemon. */
  hasEnded: (firing: PendingFiring) => boolean;
}

/**
 * Returns the status of each entry, in the order of the file. `state` is `undefined` where it cannot be
 * read: last runs are then unknown, while the state of a schedule that never ran is empty.
 */
export function entryStatuses(
  entries: readonly Entry[],
  state: KnownState,
  options: EntryStatusOptions,
): EntryStatus[] {
  return entries.map((entry) => entryStatus(entry, state, options));
}

function entryStatus(
  entry: Entry,
  state: KnownState,
  { now, maxAgeMs, hasEnded }: EntryStatusOptions,
): EntryStatus {
  const { name, timing } = entry;
  const pending = (state?.pending ?? []).filter((firing) => firing.name === name);
  const begun = pending.filter((firing) => firing.started_at !== null && !hasEnded(firing));
  const [since] = begun.map(({ started_at }) => started_at ?? '').sort();
  const isDue = pending.some(({ started_at }) => started_at === null);
  // A name can be `constructor`.
  const known = Object.entries(state?.entries ?? {}).find(([key]) => key === name)?.[1];
  const { last_run, last_success_at } = known ?? { last_run: null, last_success_at: null };
  const ageMs = last_success_at === null ? Infinity : now.getTime() - Date.parse(last_success_at);
  return {
    name,
    command: commandText(entry),
    state: since !== undefined ? 'running' : isDue ? 'waiting' : 'idle',
    running_since: since ?? null,
    next_at: nextFiring(timing, now)?.toISOString() ?? null,
    zone: timing.zone,
    last_run,
    last_success_at,
    // A time that nobody can read has no age: the entry is overdue too.
    overdue: maxAgeMs === undefined || state === undefined ? null : !(ageMs <= maxAgeMs),
  };
}

/** A daemon that works deals with a firing within seconds. */
const NEGLECTED_AFTER_MS = 2 * 60_000;

/**
 * Returns the names of entries that came due a while ago, and that no daemon has dealt with: none runs,
 * or it hangs. Entries that no daemon knows yet, or knows with other times, are left out.
 */
export function neglectedEntries(
  entries: readonly Entry[],
  state: Pick<ScheduleState, 'entries'>,
  now: Date,
): string[] {
  const known = new Map(Object.entries(state.entries));
  const isNeglected = (entry: Entry): boolean => {
    const its = known.get(entry.name);
    if (its?.timing !== timingText(entry)) return false;
    const due = nextFiring(entry.timing, new Date(its.handled_until));
    return due !== undefined && now.getTime() - due.getTime() > NEGLECTED_AFTER_MS;
  };
  return entries.filter(isNeglected).map(({ name }) => name);
}

export interface RunFilter {
  /** The name of an entry; `undefined` for all entries. */
  name: string | undefined;
  /** Whether only failed and missed runs are selected. */
  failedOnly: boolean;
  limit: number;
}

/** Selects records, in their order. */
export function selectRuns(
  records: readonly RunRecord[],
  { name, failedOnly, limit }: RunFilter,
): RunRecord[] {
  return records
    .filter((record) => name === undefined || record.name === name)
    .filter((record) => !failedOnly || hasFailed(record) || record.result === 'missed')
    .slice(0, limit);
}

/**
 * Returns the history and the records that a daemon has not written into it yet, the latest first. While
 * a daemon writes, a record may be in both.
 */
export function withOutbox(
  records: readonly RunRecord[],
  { outbox }: Pick<ScheduleState, 'outbox'>,
): RunRecord[] {
  const ids = new Set(records.map(({ id }) => id));
  return [...outbox.filter(({ id }) => !ids.has(id)).reverse(), ...records];
}

/** Returns the names of all entries with a record or a state, sorted. */
export function namesOf(
  records: readonly RunRecord[],
  { entries }: Pick<ScheduleState, 'entries'>,
): string[] {
  return [...new Set([...records.map(({ name }) => name), ...Object.keys(entries)])].sort();
}
