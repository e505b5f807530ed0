import type { Day, Month, MonthState } from './calendar.js';
import { lastDayOf, stateOfMonth } from './calendar.js';
import type { Invoice, Pricing } from './pricing.js';
import { costOf, invoiceOf } from './pricing.js';
import type { Usage } from './usage.js';

/** When counters are read, and how long they live. */
export interface Period {
  today: Day;
  retentionDays: number;
}

/** A calendar month of a user. */
export interface MonthBill {
  month: Month;
  state: MonthState;
  /** `undefined` where the month is expired: the sum of its remaining counters is too small. */
  bill: { usage: Usage; invoice: Invoice } | undefined;
}

/** Bills a month from the sum of its daily counters. */
export function billMonth(
  pricing: Pricing,
  month: Month,
  usage: Usage,
  { today, retentionDays }: Period,
): MonthBill {
  const state = stateOfMonth(month, today, retentionDays);
  if (state === 'expired') return { month, state, bill: undefined };
  return { month, state, bill: { usage, invoice: invoiceOf(pricing, costOf(pricing, usage)) } };
}

/** Returns the days of a month. */
export function daysOfMonth(month: Month): Day[] {
  const count = Number(lastDayOf(month).slice(-2));
  return Array.from(
    { length: count },
    (_none, index) => `${month}-${String(index + 1).padStart(2, '0')}`,
  );
}
