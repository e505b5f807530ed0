/** Days and months are those of UTC, as text: `2026-11-24`, `2026-11`. Text compares as time does. */
export type Day = string;
export type Month = string;

const MS_PER_DAY = 86_400_000;

/** How complete a month's daily counters are. */
export type MonthState = 'open' | 'final' | 'expired';

export function dayOf(instant: Date): Day {
  return instant.toISOString().slice(0, 10);
}

export function monthOf(day: Day): Month {
  return day.slice(0, 7);
}

/** Returns `undefined` for a text that is not a day, or for a day that no calendar has. */
export function parseDay(text: string): Day | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const start = new Date(`${text}T00:00:00Z`);
  // Date takes February 30 for March 1.
  return !Number.isNaN(start.getTime()) && dayOf(start) === text ? text : undefined;
}

export function parseMonth(text: string): Month | undefined {
  return parseDay(`${text}-01`) === undefined ? undefined : text;
}

/** Returns the day that is this many days later; earlier for a negative number. */
export function addDays(day: Day, days: number): Day {
  return dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + days * MS_PER_DAY));
}

/** Returns the same day so many months earlier; the last of that month where it is shorter. */
export function monthsBefore(day: Day, months: number): Day {
  const [year = 0, month = 0, dayOfMonth = 0] = day.split('-').map(Number);
  const lastOfMonth = new Date(0);
  // Not Date.UTC: it takes the years 0 to 99 for those of the twentieth century.
  lastOfMonth.setUTCFullYear(year, month - months, 0);
  const last = dayOf(lastOfMonth);
  return `${last.slice(0, -2)}${String(Math.min(dayOfMonth, Number(last.slice(-2)))).padStart(2, '0')}`;
}

/** Yields the days from the first to the last, both included; none where the first is later. */
export function* daysBetween(first: Day, last: Day): Generator<Day> {
  const lastTime = Date.parse(last);
  // Times, not texts: the day after 9999-12-31 has five digits in its year, and sorts before it.
  for (let time = Date.parse(first); time <= lastTime; time += MS_PER_DAY) {
    yield dayOf(new Date(time));
  }
}

/** Returns the number of days from the first to the last, both included. */
export function countDays(first: Day, last: Day): number {
  return (Date.parse(last) - Date.parse(first)) / MS_PER_DAY + 1;
}

export function firstDayOf(month: Month): Day {
  return `${month}-01`;
}

export function lastDayOf(month: Month): Day {
  const day = new Date(`${firstDayOf(month)}T00:00:00Z`);
  // Not Date.UTC: it takes the years 0 to 99 for those of the twentieth century.
  day.setUTCMonth(day.getUTCMonth() + 1, 0);
  return dayOf(day);
}

/**
 * Returns the earliest day whose counters cannot have expired yet. A counter lives for `retentionDays`
 * after it was last written, which may have been at the very beginning of its day.
 */
export function firstRetainedDay(today: Day, retentionDays: number): Day {
  return addDays(today, 1 - retentionDays);
}

export function stateOfMonth(month: Month, today: Day, retentionDays: number): MonthState {
  if (firstDayOf(month) < firstRetainedDay(today, retentionDays)) return 'expired';
  return lastDayOf(month) >= today ? 'open' : 'final';
}
