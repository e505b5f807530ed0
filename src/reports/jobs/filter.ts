import { STATUSES } from '../../jobs/job.js';

/** The statuses that a list of jobs can be filtered by. */
export const LISTED_STATUSES = [...STATUSES, 'skipped', 'unknown'] as const;

/** Reads statuses separated by commas; `undefined` if there is another word. */
export function statusesIn(text: string): string[] | undefined {
  const statuses = text.split(',').map((word) => word.trim().toLowerCase());
  const known = new Set<string>(LISTED_STATUSES);
  return statuses.every((status) => known.has(status)) ? statuses : undefined;
}
