import type { JobRow } from './row.js';

/** How long the parts of a job's life took, in seconds; `null` where an end is not known. */
export interface JobDurations {
  /** The time from its creation until it was started, or until now. */
  waited: number | null;
  /** The time from the start of its last attempt to its end, or until now. */
  ran: number | null;
}

export function durationsOf(row: JobRow, now: Date): JobDurations {
  const { createdAt, startedAt, finishedAt, status } = row;
  const waits = status === 'pending' ? now : null;
  const runs = status === 'processing' ? now : null;
  return {
    waited: secondsBetween(createdAt, startedAt ?? waits),
    ran: secondsBetween(startedAt, finishedAt ?? runs),
  };
}

/** Clocks of two machines can disagree: no time is below 0. */
function secondsBetween(from: Date | null, to: Date | null): number | null {
  if (from === null || to === null) return null;
  return Math.max(0, (to.getTime() - from.getTime()) / 1000);
}
