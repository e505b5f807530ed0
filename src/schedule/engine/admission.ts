import type { Entry, ScheduledEntry } from '../crontab/entry.js';
import type { PendingFiring } from '../state/record.js';

/** A firing that waits to be run. */
export interface WaitingFiring {
  firing: PendingFiring;
  entry: ScheduledEntry;
  /** The earliest start, in ms of Unix time: the due time plus the jitter, or after a failed claim. */
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

/** A run blocks other runs of its entry and of its destination. */
interface Running {
  firing: Pick<PendingFiring, 'name'>;
  entry: Pick<ScheduledEntry, 'destination'> | undefined;
}

/**
 * Returns the firing to start next; `undefined` where none may start now. The earliest firing goes
 * first, but among firings for one destination the lowest rank does: an incremental backup that waits
 * for a full one refers to it.
 */
export function nextToStart(
  waiting: readonly WaitingFiring[],
  running: readonly Running[],
  { atOnce, nowMs }: { atOnce: number; nowMs: number },
): WaitingFiring | undefined {
  if (running.length >= atOnce) return undefined;
  const names = new Set(running.map(({ firing }) => firing.name));
  const taken = new Set(running.map(({ entry }) => entry?.destination));
  taken.delete(undefined);
  const free = waiting.filter(
    ({ entry, notBeforeMs }) =>
      notBeforeMs <= nowMs && !names.has(entry.name) && !taken.has(entry.destination),
  );
  const [first] = free.sort((a, b) => byDueTime(a, b) || byRank(a, b));
  if (first?.entry.destination === undefined) return first;
  const { destination } = first.entry;
  const rivals = free.filter(({ entry }) => entry.destination === destination);
  return rivals.sort((a, b) => byRank(a, b) || byDueTime(a, b))[0];
}

function byDueTime({ firing: a }: WaitingFiring, { firing: b }: WaitingFiring): number {
  return Date.parse(a.due_at) - Date.parse(b.due_at);
}

function byRank({ entry: a }: WaitingFiring, { entry: b }: WaitingFiring): number {
  return a.rank - b.rank || a.line - b.line;
}
