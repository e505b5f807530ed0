import type { TimeFields } from '../../../src/schedule/crontab/time-fields.js';
import { offsetAt } from '../../../src/schedule/crontab/zone.js';

const MINUTE_MS = 60_000;

/**
 * When Debian's cron starts a job, by the loop of its daemon (cron.c): it wakes up every minute and
 * looks at the minute that the clock shows. Where the clock has been put forward by up to three hours,
 * it makes up for fixed times in the gap at once; where it has been put back, it runs what is due by a
 * wildcard only, until the clock has passed the time that it showed before.
 */
export function* debianCron(
  fields: TimeFields,
  zone: string,
  fromMs: number,
  untilMs: number,
): Generator<number> {
  const offsets = offsetsOf(zone);
  const localMinute = (atMs: number): number => {
    const quarter = Math.floor(atMs / (15 * MINUTE_MS));
    const offset = offsets.get(quarter) ?? offsetAt(zone, atMs);
    offsets.set(quarter, offset);
    return Math.floor((atMs + offset) / MINUTE_MS);
  };
  // The minute up to which fixed times have been looked at.
  let virtual = localMinute(fromMs) - 1;
  for (let atMs = fromMs; atMs < untilMs; atMs += MINUTE_MS) {
    const shown = localMinute(atMs);
    let runs = false;
    if (shown > virtual) {
      for (let minute = virtual + 1; minute <= shown; minute++) {
        const isNow = minute === shown;
        if (matches(fields, minute) && (fields.isFixed || isNow)) runs = true;
      }
      virtual = shown;
    } else {
      runs = !fields.isFixed && matches(fields, shown);
    }
    if (runs) yield atMs;
  }
}

/** Offsets change at quarters of an hour. To look them up for each minute would take minutes. */
const offsetsByZone = new Map<string, Map<number, number>>();

function offsetsOf(zone: string): Map<number, number> {
  const known = offsetsByZone.get(zone) ?? new Map<number, number>();
  offsetsByZone.set(zone, known);
  return known;
}

function matches(fields: TimeFields, localMinute: number): boolean {
  // Most minutes of a year end here, without a date.
  if (!fields.minutes.has(((localMinute % 60) + 60) % 60)) return false;
  const date = new Date(localMinute * MINUTE_MS);
  const day = fields.daysOfMonth.has(date.getUTCDate());
  const weekday = fields.daysOfWeek.has(date.getUTCDay());
  return (
    fields.hours.has(date.getUTCHours()) &&
    fields.months.has(date.getUTCMonth() + 1) &&
    (fields.eitherDay ? day || weekday : day && weekday)
  );
}
