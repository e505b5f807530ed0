import { type ArchiveReadings, readAtMs } from '../../../repository/readings.js';

/** How much a run of `backup verify --within` reads, and in which order. Pure. */

const DAY_MS = 86_400_000;
/** Reads more than the exact share, so that late runs and new backups do not leave parts overdue. */
const HEADROOM = 1.25;
/** A backlog is read at this multiple of the share, and not all at once. */
const CATCH_UP = 2;

export interface Pace {
  /** How many bytes the run may read; zero or less if earlier runs have read ahead. */
  allowance: number;
  /** A part that has been unread since before this time is read even if the allowance is used up. */
  dueMs: number;
  /** How many bytes may be read for that reason. */
  dueBytes: number;
}

/**
 * Returns what a run may read: the share of the destination that corresponds to the time since the
 * last run, and what that left over, which is negative if its last part was larger. The first run
 * counts as one after a day.
 */
export function paceOf(
  { totalBytes, withinMs, now }: { totalBytes: number; withinMs: number; now: Date },
  last: { ended_at: string; allowance: number } | undefined,
): Pace {
  const sinceMs = last === undefined ? -1 : now.getTime() - Date.parse(last.ended_at);
  // A last run in the future tells nothing: the clock was set back since.
  const [elapsedMs, left] = sinceMs < 0 ? [DAY_MS, 0] : [sinceMs, last?.allowance ?? 0];
  const share = totalBytes * HEADROOM * (elapsedMs / withinMs);
  return {
    allowance: Math.min(totalBytes, share + Math.max(left, -totalBytes)),
    // The next run will come after the same time, and would be too late.
    dueMs: now.getTime() - withinMs + elapsedMs,
    dueBytes: share * CATCH_UP,
  };
}

export interface Candidate {
  id: string;
  /** When the archive was written: an unread part has been unread since then. */
  writtenMs: number;
  readings: ArchiveReadings | undefined;
}

/** Returns the archive with the part that has been unread for the longest time. */
export function oldestOf(
  candidates: readonly Candidate[],
  nowMs: number,
): { id: string; writtenMs: number; sinceMs: number } | undefined {
  let oldest: { candidate: Candidate; sinceMs: number } | undefined;
  for (const candidate of candidates) {
    const { writtenMs, readings } = candidate;
    const times = readings?.runs.map(({ read_at }) => read_at) ?? [null];
    const sinceMs = Math.min(...times.map((time) => readAtMs(time, nowMs) ?? writtenMs));
    if (oldest === undefined || sinceMs < oldest.sinceMs) oldest = { candidate, sinceMs };
  }
  return oldest && { ...oldest.candidate, sinceMs: oldest.sinceMs };
}
