import type { Presentation } from '../../output/columns.js';

/** `2026-11-25 02:00:00 UTC`; on a terminal also how far away that is. From RFC 3339 in UTC. */
export function timeText(iso: string, people: Presentation): string {
  const text = `${iso.slice(0, 19).replace('T', ' ')} UTC`;
  const relative = people.time(iso);
  return relative === iso ? text : `${text}, ${relative}`;
}
