import type { Month } from './calendar.js';
import type { CounterProblem } from './counters.js';
import type { MonthBill, Period } from './month-bill.js';
import type { Decimal, Money } from './money.js';
import type { Pricing } from './pricing.js';
import type { Usage } from './usage.js';

/** One user in the report of all users. */
export interface UserRow {
  userId: string;
  lifetime: Usage;
  /** Exact US dollars of the lifetime's usage, without discounts. */
  cost: Money;
  /** The month's amounts, if a month was requested. */
  month: MonthBill | undefined;
}

/** With `sort: 'none'` everything but `users` is complete only when `users` has been read to its end. */
export interface AllUsers {
  /** The first `top` users in their order. A row is built when it is reached, to save memory. */
  users: Iterable<UserRow> | AsyncIterable<UserRow>;
  /** The number of users in `users`. */
  shownUsers: number;
  /** The number of all users. */
  totalUsers: number;
  /** The totals of all users. */
  totals: UserTotals;
  /** The number of users who have usage in the month, but no lifetime record. */
  withoutRecord: number;
  problems: CounterProblem[];
}

export interface UserTotals {
  lifetime: Usage;
  cost: Money;
  month: MonthTotals | undefined;
}

/** Sums of exact amounts; `gross` and `net` are `undefined` where the month is expired. */
export interface MonthTotals {
  usage: Usage | undefined;
  gross: Decimal | undefined;
  net: Decimal | undefined;
}

/** `none`: users come as they are read, so that nothing but the sums of a month is in memory. */
export const SORT_KEYS = ['cost', 'bytes', 'compute', 'jobs', 'user', 'none'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface AllUsersRequest extends Period {
  pricing: Pricing;
  month: Month | undefined;
  sort: SortKey;
  /** The maximum number of users; `undefined` for all. */
  top: number | undefined;
  signal: AbortSignal;
  /** Called with the number of users that have been read. */
  onProgress: (users: number) => void;
}
