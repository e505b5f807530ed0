import type { Entry } from '../crontab/entry.js';
import type { Timing } from '../crontab/firings.js';
import { firingsAfter } from '../crontab/firings.js';

/** A firing that is later than this counts as missed, and its run as a catch-up. */
export const LATE_MS = 60_000;
/** Missed firings are counted up to here: a schedule of every second misses more in two days. */
const MOST_COUNTED = 100_000;

export interface DueFirings {
  /** The firings to run now, in rising order. */
  onTime: Date[];
  /** The firing that makes up for missed ones; it is not in `missed`. */
  catchUp: Date | undefined;
  /** The missed firings in rising order: all of them, or the first hundred thousand. */
  missed: Date[];
}

/**
 * Returns what came due after one instant, up to another. Only the newest late firing is made up for,
 * and only if no other is on time: a backup that runs now is as good as one that would have run then.
 */
export function dueFirings(
  { timing, catchup }: Pick<Entry, 'timing' | 'catchup'>,
  afterMs: number,
  nowMs: number,
): DueFirings {
  const onTime: Date[] = [];
  const missed: Date[] = [];
  const lateBefore = nowMs - LATE_MS;
  for (const at of firingsAfter(timing, new Date(afterMs))) {
    if (at.getTime() > nowMs) break;
    if (at.getTime() >= lateBefore) onTime.push(at);
    else if (missed.length < MOST_COUNTED) missed.push(at);
    else return dueAfterMany(timing, catchup, missed, nowMs);
  }
  const isMadeUpFor = catchup === 'once' && onTime.length === 0;
  return { onTime, catchUp: isMadeUpFor ? missed.pop() : undefined, missed };
}

function dueAfterMany(
  timing: Timing,
  catchup: Entry['catchup'],
  missed: Date[],
  nowMs: number,
): DueFirings {
  const recent = dueFirings({ timing, catchup }, nowMs - LATE_MS - 1, nowMs);
  if (recent.onTime.length > 0 || catchup === 'none') return { ...recent, missed };
  return { onTime: [], catchUp: latestBefore(timing, nowMs), missed };
}

/**
 * Finds the newest firing. Firings can only be listed forwards, so this searches the last hour, then
 * two, four and so on.
 */
function latestBefore(timing: Timing, nowMs: number): Date | undefined {
  for (let spanMs = 3_600_000; spanMs < nowMs; spanMs *= 2) {
    let latest: Date | undefined;
    for (const at of firingsAfter(timing, new Date(nowMs - spanMs))) {
      if (at.getTime() > nowMs) break;
      latest = at;
    }
    if (latest !== undefined) return latest;
  }
  return undefined;
}

export interface MissedFirings {
  /** The first of them. */
  at: Date;
  count: number;
  reason: string;
}

const REASON = 'no daemon was running, or the clock was set forward';

/** Returns what one record says of all missed firings; `undefined` where there are none. */
export function summariseMissed(missed: readonly Date[]): MissedFirings | undefined {
  const [first, last] = [missed[0], missed.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (missed.length === 1) return { at: first, count: 1, reason: REASON };
  // Beyond the limit, nobody has counted.
  const until =
    missed.length < MOST_COUNTED ? ` to ${last.toISOString()}` : ': not all are counted';
  const reason = `${REASON}, from ${first.toISOString()}${until}`;
  return { at: first, count: missed.length, reason };
}
