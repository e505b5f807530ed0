import { billMonth } from './month-bill.js';
import type { MonthBill } from './month-bill.js';
import { ZERO } from './money.js';
import { amountOf } from './pricing.js';
import type { UserCounters } from './user-counters.js';
import type { AllUsersRequest, MonthTotals, UserRow, UserTotals } from './user-report.js';
import type { Usage } from './usage.js';
import { NO_USAGE, addUsage } from './usage.js';

export function userRow(
  userId: string,
  lifetime: Usage,
  inMonth: Usage,
  request: AllUsersRequest,
): UserRow {
  const { pricing, month } = request;
  const monthBill = month === undefined ? undefined : billMonth(pricing, month, inMonth, request);
  return { userId, lifetime, cost: amountOf(pricing, lifetime), month: monthBill };
}

export function rowOf(
  row: number,
  { userIds, lifetime, inMonth }: UserCounters,
  request: AllUsersRequest,
): UserRow {
  return userRow(userIds[row] ?? '', lifetime.get(row), inMonth.get(row), request);
}

/** The sums of rows. The cost is linear: that of all usage is the sum of the costs. */
export function totalsOf(
  lifetime: Usage,
  month: MonthTotals | undefined,
  { pricing }: AllUsersRequest,
): UserTotals {
  return { lifetime, cost: amountOf(pricing, lifetime), month };
}

/** Sums the bills of a month, which are not linear. */
export class MonthSum {
  #totals: MonthTotals | undefined;

  /** Begins with zeros; for an expired month with no figures at all. */
  constructor(request: AllUsersRequest) {
    if (request.month === undefined) return;
    const { bill } = billMonth(request.pricing, request.month, NO_USAGE, request);
    this.#totals = { usage: bill?.usage, gross: bill?.invoice.gross, net: bill?.invoice.net };
  }

  add(month: MonthBill | undefined): void {
    const before = this.#totals;
    if (before === undefined || month?.bill === undefined) return;
    const { usage, invoice } = month.bill;
    this.#totals = {
      usage: addUsage(before.usage ?? NO_USAGE, usage),
      gross: (before.gross ?? ZERO).plus(invoice.gross),
      net: (before.net ?? ZERO).plus(invoice.net),
    };
  }

  get totals(): MonthTotals | undefined {
    return this.#totals;
  }
}
