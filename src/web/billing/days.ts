import type { DailyDocument } from '../data/documents.js';
import { addressText } from '../routing/addresses.js';
import { addDays, boundsOf, shortDay } from '../text/months.js';

/** The days that the chart shows, as the address names them. */
export const RANGES = [
  { id: '7d', title: '7 days', days: 7 },
  { id: '30d', title: '30 days', days: 30 },
  { id: '90d', title: '90 days', days: 90 },
  { id: 'month', title: 'Month', days: undefined },
] as const;
export type RangeId = (typeof RANGES)[number]['id'];

/** Without a choice: the month that was chosen, or 30 days. */
export function rangeOf(last: string | undefined, isPastMonth: boolean): RangeId {
  return RANGES.find(({ id }) => id === last)?.id ?? (isPastMonth ? 'month' : '30d');
}

interface DaysWanted {
  range: RangeId;
  month: string;
  isOpen: boolean;
  /** `YYYY-MM-DD`, UTC. */
  today: string;
  /** `undefined`: the visitor's own. */
  userId: string | undefined;
}

/** The address of the days. A range that runs has no end, so that the server's day is its last. */
export function daysPath({ range, month, isOpen, today, userId }: DaysWanted): string {
  const days = RANGES.find(({ id }) => id === range)?.days;
  const { first, end } = boundsOf(month);
  const ofMonth = { start_date: first, end_date: isOpen ? undefined : addDays(end, -1) };
  const bounds = days === undefined ? ofMonth : { start_date: addDays(today, 1 - days) };
  return addressText('/api/billing/daily-usage', { user_id: userId, ...bounds, fill: 'true' });
}

export type DayRow = DailyDocument['daily_usage'][number];

/** Whether the counters of a day may have expired, and none are left. */
export function isGone(day: DayRow, expiredUntil: string | null): boolean {
  if (expiredUntil === null || day.date > expiredUntil) return false;
  return Number(day.job_count) === 0 && Number(day.bytes_processed) === 0;
}

export interface Scale {
  top: number;
  /** From the top down, at equal distances. */
  ticks: string[];
}

/** Ticks at 1, 2 or 5 times a power of ten, four steps at most. */
export function scaleOf(most: number): Scale {
  if (!(most > 0)) return { top: 1, ticks: ['$1', '$0'] };
  const power = Math.floor(Math.log10(most / 4));
  const factor = [1, 2, 5, 10].find((step) => step * 10 ** power * 4 >= most) ?? 10;
  const step = factor * 10 ** power;
  const count = Math.ceil(most / step);
  const places = Math.max(0, -power - (factor === 10 ? 1 : 0));
  const ticks = Array.from({ length: count + 1 }, (_, index) =>
    tickText(step * (count - index), places),
  );
  return { top: step * count, ticks };
}

function tickText(value: number, places: number): string {
  if (value === 0) return '$0';
  return value >= 10_000
    ? `$${Number((value / 1000).toPrecision(6))}k`
    : `$${value.toFixed(places)}`;
}

const MOST_LABELS = 6;

/** Labels from the last day back. Every second one leaves a narrow screen, the last day first. */
export function labelsOf(days: readonly string[]): { x: number; text: string; wide: boolean }[] {
  const every = Math.ceil(days.length / MOST_LABELS);
  return days
    .map((day, index) => ({
      x: ((index + 0.5) / days.length) * 100,
      text: shortDay(day),
      back: days.length - 1 - index,
    }))
    .filter(({ back }) => back % every === 0)
    .map(({ x, text, back }) => ({ x, text, wide: (back / every) % 2 === 0 }));
}
