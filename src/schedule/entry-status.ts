import type { Entry } from './crontab/entry.js';
import { nextFiring } from './crontab/firings.js';
import type { RunRecord } from './state/record.js';
import type { PendingFiring, ScheduleState } from './state/state.js';
import { quoteWord } from './crontab/words.js';

/** The status of an entry. Times are RFC 3339 in UTC. */
export interface EntryStatus {
  name: string;
  command: string;
  /** `waiting`: it is due, and another run must end first. */
  state: 'running' | 'waiting' | 'idle';
  running_since: string | null;
  next_at: string | null;
  last_run: RunRecord | null;
  last_success_at: string | null;
  /** `null` where no age was given, or no run is known. */
  overdue: boolean | null;
}

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
  state: Pick<ScheduleState, 'entries' | 'pending'> | undefined,
  options: EntryStatusOptions,
): EntryStatus[] {
  return entries.map((entry) => entryStatus(entry, state, options));
}

function entryStatus(
  { name, argv, timing }: Entry,
  state: Pick<ScheduleState, 'entries' | 'pending'> | undefined,
  { now, maxAgeMs, hasEnded }: EntryStatusOptions,
): EntryStatus {
  const pending = (state?.pending ?? []).filter((firing) => firing.name === name);
  const begun = pending.filter((firing) => firing.started_at !== null && !hasEnded(firing));
  const [since] = begun.map(({ started_at }) => started_at ?? '').sort();
  const isDue = pending.some(({ started_at }) => started_at === null);
  // A name can be `constructor`.
  const known = Object.entries(state?.entries ?? {}).find(([key]) => key === name)?.[1];
  const { last_run, last_success_at } = known ?? { last_run: null, last_success_at: null };
  return {
    name,
    command: argv.map(quoteWord).join(' '),
    state: since !== undefined ? 'running' : isDue ? 'waiting' : 'idle',
    running_since: since ?? null,
    next_at: nextFiring(timing, now)?.toISOString() ?? null,
    last_run,
    last_success_at,
    overdue:
      maxAgeMs === undefined || state === undefined
        ? null
        : !isYoung(last_success_at, now, maxAgeMs),
  };
}

/** Whether a success is known and recent. */
function isYoung(at: string | null, now: Date, maxAgeMs: number): boolean {
  return at !== null && now.getTime() - Date.parse(at) <= maxAgeMs;
}
