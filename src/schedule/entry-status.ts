import type { Entry } from './crontab/entry.js';
import { nextFiring } from './crontab/firings.js';
import type { RunRecord } from './state/record.js';
import type { PendingFiring, ScheduleState } from './state/state.js';
import { quoteWord } from './crontab/words.js';

/** How an entry of the schedule fares. Times are RFC 3339 in UTC. */
export interface EntryStatus {
  name: string;
  command: string;
  /** `waiting`: it is due, and something else has to end first. */
  state: 'running' | 'waiting' | 'idle';
  running_since: string | null;
  next_at: string | null;
  last_run: RunRecord | null;
  last_success_at: string | null;
  /** `null` where no age was named, or nothing is known of any run. */
  overdue: boolean | null;
}

export interface EntryStatusQuestion {
  now: Date;
  /** The oldest that the last success of an entry may be. */
  maxAgeMs: number | undefined;
  /** Whether a run that was begun is known to have ended since, so that its daemon ended before it. */
  hasEnded: (firing: PendingFiring) => boolean;
}

/**
 * One for each entry, in the order of the file. `undefined` for a state that cannot be read: what it
 * would have told is then not known, while the state of a schedule that never ran is empty.
 */
export function entryStatuses(
  entries: readonly Entry[],
  state: Pick<ScheduleState, 'entries' | 'pending'> | undefined,
  question: EntryStatusQuestion,
): EntryStatus[] {
  return entries.map((entry) => entryStatus(entry, state, question));
}

function entryStatus(
  { name, argv, timing }: Entry,
  state: Pick<ScheduleState, 'entries' | 'pending'> | undefined,
  { now, maxAgeMs, hasEnded }: EntryStatusQuestion,
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

/** What cannot be told is not taken for young. */
function isYoung(at: string | null, now: Date, maxAgeMs: number): boolean {
  return at !== null && now.getTime() - Date.parse(at) <= maxAgeMs;
}
