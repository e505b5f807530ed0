import type { Entry, ScheduledEntry } from '../crontab/entry.js';

/** A firing that is to be run. Times are in ms of Unix time. */
export interface WaitingFiring {
  id: string;
  entry: ScheduledEntry;
  dueMs: number;
  trigger: 'cron' | 'catch-up' | 'manual';
  /** The earliest start: `dueMs` plus the jitter, or the time after a failed claim. */
  notBeforeMs: number;
}

/** What happens to a firing when it is due: `replace` ends the runs of its entry. */
export type Admission = { kind: 'queue' | 'replace' } | { kind: 'skip'; reason: string };

/** Decides what happens to a firing of an entry that may still run, or wait, from an earlier one. */
export function admit(
  { overlap }: Pick<Entry, 'overlap'>,
  { isRunning, isWaiting }: { isRunning: boolean; isWaiting: boolean },
): Admission {
  if (!isRunning && !isWaiting) return { kind: 'queue' };
  if (overlap === 'kill') return { kind: 'replace' };
  if (isWaiting) return { kind: 'skip', reason: 'an earlier firing still waits' };
  if (overlap === 'wait') return { kind: 'queue' };
  return { kind: 'skip', reason: 'it was still running' };
}

/** The entry and the destination that a run blocks for other runs. */
export interface RunningFiring {
  name: string;
  destination: string | undefined;
}

/**
 * Returns the firing to start next; `undefined` where none may start now. The earliest firing goes
 * first, but among firings for one destination the lowest rank does: an incremental backup that waits
 * for a full one refers to it.
 */
export function nextToStart<Firing extends WaitingFiring>(
  waiting: readonly Firing[],
  running: readonly RunningFiring[],
  { atOnce, nowMs }: { atOnce: number; nowMs: number },
): Firing | undefined {
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
