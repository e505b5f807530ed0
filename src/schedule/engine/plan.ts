import type { Entry, ScheduledEntry } from '../crontab/entry.js';
import type { Timing } from '../crontab/firings.js';
import { firingsAfter } from '../crontab/firings.js';

/** Later than this a firing counts as missed, and the run as one that makes up for it. */
export const LATE_MS = 60_000;
/** Counted one by one; a schedule of every second misses more in a day. */
const MOST_COUNTED = 100_000;

export interface DueFirings {
  /** To be run now, in rising order. */
  onTime: Date[];
  /** The one that makes up for those that were missed; not among them. */
  catchUp: Date | undefined;
  /** Missed, in rising order: all of them, or the first hundred thousand. */
  missed: Date[];
}

/**
 * What came due after one instant, up to another. Of what is too late only the newest is made up for,
 * and only where no other is on time: a backup that runs now is as good as one that ran then.
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
  return { onTime: [], catchUp: newestBefore(timing, nowMs), missed };
}

/** Times can only be gone through forwards: looked for in an hour, in two, in four and so on. */
function newestBefore(timing: Timing, nowMs: number): Date | undefined {
  for (let spanMs = 3_600_000; spanMs < nowMs; spanMs *= 2) {
    let newest: Date | undefined;
    for (const at of firingsAfter(timing, new Date(nowMs - spanMs))) {
      if (at.getTime() > nowMs) break;
      newest = at;
    }
    if (newest !== undefined) return newest;
  }
  return undefined;
}

/** A firing that is to be run. Times in ms of Unix time. */
export interface WaitingFiring {
  id: string;
  entry: ScheduledEntry;
  dueMs: number;
  trigger: 'cron' | 'catch-up' | 'manual';
  /** Not begun before; later than due by the jitter, or since something did not work. */
  notBeforeMs: number;
}

/** What becomes of a firing when it is due: `replace` ends what runs of its entry. */
export type Admission = { kind: 'queue' | 'replace' } | { kind: 'skip'; reason: string };

export function admit(
  { overlap }: Pick<Entry, 'overlap'>,
  { isRunning, isWaiting }: { isRunning: boolean; isWaiting: boolean },
): Admission {
  if (!isRunning && !isWaiting) return { kind: 'queue' };
  if (overlap === 'kill') return { kind: 'replace' };
  if (isWaiting) return { kind: 'skip', reason: 'an earlier firing of it still waits' };
  if (overlap === 'wait') return { kind: 'queue' };
  return { kind: 'skip', reason: 'it was still running' };
}

/** What holds others up. */
export interface RunningFiring {
  name: string;
  destination: string | undefined;
}

/**
 * The firing to begin next; `undefined` where none may begin now. The earliest goes first, but into
 * one destination the lowest rank: an incremental backup that waits for a full one refers to it.
 */
export function nextToStart(
  waiting: readonly WaitingFiring[],
  running: readonly RunningFiring[],
  { atOnce, nowMs }: { atOnce: number; nowMs: number },
): WaitingFiring | undefined {
  if (running.length >= atOnce) return undefined;
  const names = new Set(running.map(({ name }) => name));
  const taken = new Set(running.map(({ destination }) => destination));
  taken.delete(undefined);
  const free = waiting.filter(
    ({ entry, notBeforeMs }) =>
      notBeforeMs <= nowMs && !names.has(entry.name) && !taken.has(entry.destination),
  );
  const first = least(free, (a, b) => a.dueMs - b.dueMs || byRank(a, b));
  if (first?.entry.destination === undefined) return first;
  const { destination } = first.entry;
  const rivals = free.filter(({ entry }) => entry.destination === destination);
  return least(rivals, (a, b) => byRank(a, b) || a.dueMs - b.dueMs);
}

function byRank(a: WaitingFiring, b: WaitingFiring): number {
  return a.entry.rank - b.entry.rank || a.entry.line - b.entry.line;
}

function least<T>(items: readonly T[], compare: (a: T, b: T) => number): T | undefined {
  let first: T | undefined;
  for (const item of items) if (first === undefined || compare(item, first) < 0) first = item;
  return first;
}
