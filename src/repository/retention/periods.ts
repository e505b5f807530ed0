/** Calendar periods in UTC, so that a rule gives the same result everywhere. Pure. */

export const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof PERIODS)[number];

export const DAY_MS = 86_400_000;

/**
 * Returns the name of the period that contains a time: `2024-01-15T02`, `2024-01-15`, `2020-W53`
 * (ISO 8601), `2024-01`, `2024`. Years 0 to 9999.
 */
export function periodOf(period: Period, time: Date): string {
  const text = time.toISOString();
  switch (period) {
    case 'hourly':
      return text.slice(0, 13);
    case 'daily':
      return text.slice(0, 10);
    case 'weekly':
      return isoWeek(time);
    case 'monthly':
      return text.slice(0, 7);
    case 'yearly':
      return text.slice(0, 4);
  }
}

/** A week begins on Monday and belongs to the year of its Thursday. */
function isoWeek(time: Date): string {
  const daysSinceMonday = (time.getUTCDay() + 6) % 7;
  const thursday = new Date(time.getTime() + (3 - daysSinceMonday) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS));
  return `${thursday.toISOString().slice(0, 4)}-W${String(week).padStart(2, '0')}`;
}

const UTC_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Parses RFC 3339 in UTC, as summaries have it; `undefined` for anything else. */
export function utcTime(text: string): Date | undefined {
  const time = new Date(text);
  return UTC_TIME.test(text) && !Number.isNaN(time.getTime()) ? time : undefined;
}
