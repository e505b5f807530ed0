import type { RedisReader } from '../redis/reader.js';
import type { Day } from './calendar.js';
import { addDays, daysBetween, firstRetainedDay } from './calendar.js';
import type { DayUsage } from './counters.js';
import { readDays } from './counters.js';
import type { Period } from './month-bill.js';
import type { CounterProblem } from './problems.js';
import type { Usage } from './usage.js';
import { NO_USAGE, addUsage } from './usage.js';

export interface DailyUsage {
  userId: string;
  /** Both included. */
  start: Day;
  end: Day;
  days: DayUsage[];
  totals: Usage;
  /** The last day of the range whose counters may have expired: what is left before it is no sum. */
  expiredUntil: Day | undefined;
  problems: CounterProblem[];
}

export interface DailyRange extends Period {
  start: Day;
  end: Day;
  /** Days without usage too. */
  fill: boolean;
}

export async function readDailyUsage(
  redis: RedisReader,
  userId: string,
  { start, end, fill, today, retentionDays }: DailyRange,
): Promise<DailyUsage> {
  const problems: CounterProblem[] = [];
  const read = readDays(redis, userId, daysBetween(start, end), (problem) => {
    problems.push(problem);
  });
  const used: DayUsage[] = [];
  for await (const day of read) used.push(day);
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

function filled(used: readonly DayUsage[], start: Day, end: Day): DayUsage[] {
  const byDay = new Map(used.map(({ day, usage }) => [day, usage]));
  return [...daysBetween(start, end)].map((day) => ({ day, usage: byDay.get(day) ?? NO_USAGE }));
}

function earlier(a: Day, b: Day): Day {
  return a < b ? a : b;
}
