import type { JobRow } from './row.js';

/** Which jobs are asked for; `undefined`: all. */
export interface JobFilter {
  userId: string | undefined;
  statuses: readonly string[] | undefined;
  /** Both ends are in; of the time that rows are sorted by. */
  since: Date | undefined;
  until: Date | undefined;
}

/** A row without any time is in no period. */
export function matches({ userId, statuses, since, until }: JobFilter, row: JobRow): boolean {
  if (userId !== undefined && row.userId !== userId) return false;
  if (statuses !== undefined && !statuses.includes(row.status)) return false;
  if (since === undefined && until === undefined) return true;
  const time = row.sortTimeMs;
  if (time === null) return false;
  return (
    (since === undefined || time >= since.getTime()) &&
    (until === undefined || time <= until.getTime())
  );
}
