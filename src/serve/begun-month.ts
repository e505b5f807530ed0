import { monthOf, type Day, type Month } from '../billing/calendar.js';
import { badRequest } from './failure.js';

/** Returns the month, or the current one if none is given. Throws 400 for a month that has not begun. */
export function begunMonth(month: Month | undefined, today: Day): Month {
  const current = monthOf(today);
  if (month === undefined || month <= current) return month ?? current;
  throw badRequest(`month has not begun: today is ${today} (UTC)`);
}
