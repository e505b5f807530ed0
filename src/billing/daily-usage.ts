import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import type { Day } from './calendar.js';
import { addDays, daysBetween, firstRetainedDay } from './calendar.js';
import type { CounterProblem, OnProblem } from './counters.js';
import { billedUsageIn } from './counters.js';
import { dayKey } from './keys.js';
import type { Period } from './month-bill.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

export interface DayUsage {
  day: Day;
  usage: Usage;
}

export interface DailyUsage {
  userId: string;
  /** The first and the last day, both included. */
  start: Day;
  end: Day;
  days: DayUsage[];
  totals: Usage;
  /** The last day of the range whose counters may have expired: sums of days up to it are too small. */
  expiredUntil: Day | undefined;
  problems: CounterProblem[];
}

export interface DailyRange extends Period {
  start: Day;
  end: Day;
  /** Whether days without usage are included. */
  fill: boolean;
}

export async function readDailyUsage(
  redis: RedisReader,
  userId: string,
  { start, end, fill, today, retentionDays }: DailyRange,
): Promise<DailyUsage> {
  const problems: CounterProblem[] = [];
  const used: DayUsage[] = [];
  for (const days of pagesOf(daysBetween(start, end))) {
    used.push(...(await readDays(redis, userId, days, (problem) => problems.push(problem))));
  }
  const firstRetained = firstRetainedDay(today, retentionDays);
  return {
    userId,
    start,
    end,
    days: fill ? filled(used, start, end) : used,
    totals: used.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    expiredUntil: start < firstRetained ? earlier(addDays(firstRetained, -1), end) : undefined,
    problems,
  };
}

/** The days that are read together, since a caller may ask for thousands of years. */
const DAYS_AT_ONCE = 1000;

function* pagesOf(days: Iterable<Day>): Generator<Day[]> {
  let page: Day[] = [];
  for (const day of days) {
    if (page.push(day) < DAYS_AT_ONCE) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Resolves to the days on which the user used something, in their order. */
async function readDays(
  redis: RedisReader,
  userId: string,
  days: readonly Day[],
  onProblem: OnProblem,
): Promise<DayUsage[]> {
  const keys = days.map((day) => dayKey(userId, day));
  const hashes = await readHashes(redis, keys, USAGE_FIELDS);
  return days.flatMap((day, index) => {
    const usage = billedUsageIn(keys[index] ?? '', hashes[index] ?? [], onProblem);
    return usage === undefined ? [] : [{ day, usage }];
  });
}

function filled(used: readonly DayUsage[], start: Day, end: Day): DayUsage[] {
  const byDay = new Map(used.map(({ day, usage }) => [day, usage]));
  return [...daysBetween(start, end)].map((day) => ({ day, usage: byDay.get(day) ?? NO_USAGE }));
}

function earlier(a: Day, b: Day): Day {
  return a < b ? a : b;
}
