import { MangamotionError } from './errors.js';

/** An instant that the user named; the clock is asked only where it is told from now. */
export type Moment = (now: Date) => Date;

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * `2024-01-15` (the end of that day), `2024-01-15 02:00`, both in UTC; RFC 3339; or how long ago:
 * `36h`, `7d`, `2h ago`. Throws `usage` for anything else, also for a day that no calendar has.
 */
export function parseMoment(text: string): Moment {
  const ago = /^(\d{1,6})([mhdw])(?: ago)?$/.exec(text);
  if (ago !== null) {
    const unit = ago[2];
    if (unit === 'm' || unit === 'h' || unit === 'd' || unit === 'w') {
      const ms = Number(ago[1]) * UNIT_MS[unit];
      return (now) => new Date(now.getTime() - ms);
    }
  }
  const instant = parseInstant(text);
  if (instant === undefined) {
    throw new MangamotionError(
      'usage',
      'must be a time like 2024-01-15, "2024-01-15 02:00", 2024-01-15T02:00:00Z, 36h or 7d',
    );
  }
  return () => instant;
}

function parseInstant(text: string): Date | undefined {
  const [, day, time, zone] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i.exec(text) ??
    [];
  if (day === undefined || !isInCalendar(day)) return undefined;
  const instant = new Date(`${day}T${time ?? '23:59:59.999'}${zone?.toUpperCase() ?? 'Z'}`);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

/** `Date` takes February 30 for March 1. */
function isInCalendar(day: string): boolean {
  const start = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(start.getTime()) && start.toISOString().startsWith(day);
}

/** As `parseMoment`, for the begin of a period: a day alone means its begin. */
export function parseBegin(text: string): Moment {
  return parseMoment(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text} 00:00` : text);
}
