import type { Upcoming } from '../../schedule/reports.js';

/** Returns a run in the document of `schedule next`. */
export function upcomingDocument({ name, at, command, zone }: Upcoming) {
  return { name, at: at.toISOString(), command, zone };
}
