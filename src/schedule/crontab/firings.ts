import type { TimeFields } from './time-fields.js';
import { endOfGap, instantsOf, offsetAt } from './zone.js';

/** The time of a crontab line, and its time zone. */
export interface Timing {
  fields: TimeFields;
  zone: string;
}

/** Returns a text that changes if the times of an entry do. */
export function timingText({ timeText, timing }: { timeText: string; timing: Timing }): string {
  return `${timeText} ${timing.zone}`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 86_400_000;
/** Offsets of zones are multiples of 15 minutes, so that local time is even within a block. */
const BLOCK_MS = 15 * MINUTE_MS;
/** A date that does not occur within 30 years never does: the 29th of February skips at most 8. */
const FAR_DAYS = 30 * 366;

/** Returns the first firing after this instant; `undefined` where there is none. */
export function nextFiring(timing: Timing, after: Date): Date | undefined {
  for (const firing of firingsAfter(timing, after)) return firing;
  return undefined;
}

/**
 * Yields all firings after this instant, in rising order and without end, except for dates that never
 * occur. On a day on which clocks change it follows Debian's cron: a fixed time fires once, right after
 * the gap where the clock skips it, and the first time where the clock shows it twice; a wildcard fires
 * as often as the clock shows it.
 */
export function firingsAfter(timing: Timing, after: Date): Generator<Date, undefined> {
  return timing.fields.isFixed
    ? fixedFirings(timing, after.getTime())
    : wildcardFirings(timing, after.getTime());
}

/** So many firings are looked at: enough for every list of minutes and for the days of a month. */
const GAPS = 100;

/**
 * Returns the shortest time between two firings after this instant, in ms; `Infinity` for a time that
 * fires once at most. Changes of clocks are left out.
 */
export function shortestGapMs(fields: TimeFields, after: Date): number {
  let shortestMs = Infinity;
  let lastMs: number | undefined;
  let count = 0;
  for (const at of firingsAfter({ fields, zone: 'UTC' }, after)) {
    if (lastMs !== undefined) shortestMs = Math.min(shortestMs, at.getTime() - lastMs);
    lastMs = at.getTime();
    if (++count > GAPS) break;
  }
  return shortestMs;
}

function* fixedFirings({ fields, zone }: Timing, afterMs: number): Generator<Date, undefined> {
  let lastMs = afterMs;
  // A clock gap can move a time of the previous day past midnight.
  const firstDay = startOfDay(afterMs + offsetAt(zone, afterMs)) - DAY_MS;
  for (let day = firstDay, empty = 0; empty < FAR_DAYS; day += DAY_MS, empty++) {
    if (!isDay(fields, day)) continue;
    const instants = [...timesOf(fields)].map((time) => onceAt(zone, day + time));
    for (const instant of instants.sort((a, b) => a - b)) {
      // Several times in one gap fire together.
      if (instant <= lastMs) continue;
      lastMs = instant;
      empty = 0;
      yield new Date(instant);
    }
  }
  return undefined;
}

function onceAt(zone: string, localMs: number): number {
  return instantsOf(zone, localMs)[0] ?? endOfGap(zone, localMs);
}

/** Yields the times of a day, in ms from its beginning. */
function* timesOf({ hours, minutes, seconds }: TimeFields): Generator<number> {
  for (const hour of hours) {
    for (const minute of minutes) {
      for (const second of seconds) yield (hour * 60 + minute) * MINUTE_MS + second * SECOND_MS;
    }
  }
}

function* wildcardFirings({ fields, zone }: Timing, afterMs: number): Generator<Date, undefined> {
  const seconds = sorted(fields.seconds);
  const minutes = sorted(fields.minutes);
  let emptySinceMs = afterMs;
  for (let block = Math.floor(afterMs / BLOCK_MS) * BLOCK_MS; ; block += BLOCK_MS) {
    if (block - emptySinceMs > FAR_DAYS * DAY_MS) return undefined;
    const local = block + offsetAt(zone, block);
    const day = startOfDay(local);
    if (!isDay(fields, day)) {
      // Skips to the last block that can belong to the day, whether or not clocks change.
      block += Math.max(0, Math.floor((day + DAY_MS - local) / BLOCK_MS - 13)) * BLOCK_MS;
      continue;
    }
    const minuteOfDay = Math.floor((local - day) / MINUTE_MS);
    if (!fields.hours.has(Math.floor(minuteOfDay / 60))) continue;
    const from = minuteOfDay % 60;
    for (const minute of minutes) {
      if (minute < from || minute >= from + BLOCK_MS / MINUTE_MS) continue;
      for (const second of seconds) {
        const instant = block + (minute - from) * MINUTE_MS + second * SECOND_MS;
        if (instant <= afterMs) continue;
        emptySinceMs = instant;
        yield new Date(instant);
      }
    }
  }
}

function sorted(values: ReadonlySet<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

function startOfDay(localMs: number): number {
  return Math.floor(localMs / DAY_MS) * DAY_MS;
}

/** Whether the fields include a local day. */
function isDay(fields: TimeFields, localDayMs: number): boolean {
  const date = new Date(localDayMs);
  if (!fields.months.has(date.getUTCMonth() + 1)) return false;
  const ofMonth = fields.daysOfMonth.has(date.getUTCDate());
  const ofWeek = fields.daysOfWeek.has(date.getUTCDay());
  return fields.eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}
