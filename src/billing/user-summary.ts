import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import type { Month } from './calendar.js';
import { billedUsageIn } from './counters.js';
import { dayKey, userKey } from './keys.js';
import type { MonthBill, Period } from './month-bill.js';
import { billMonth, daysOfMonth } from './month-bill.js';
import type { Decimal } from './money.js';
import type { Pricing } from './pricing.js';
import { costOf } from './pricing.js';
import type { CounterProblem } from './counters.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

export interface UserSummary {
  userId: string;
  /** False where there is no record of the user; the usage is then zero. */
  known: boolean;
  lifetime: Usage;
  /** Exact US dollars of the lifetime's usage, without discounts. */
  cost: Decimal;
  month: MonthBill;
  problems: CounterProblem[];
}

/** Reads the lifetime totals of one user and the days of one month, in one request. */
export async function summariseUser(
  redis: RedisReader,
  userId: string,
  month: Month,
  { pricing, ...period }: Period & { pricing: Pricing },
): Promise<UserSummary> {
  const problems: CounterProblem[] = [];
  const keys = [userKey(userId), ...daysOfMonth(month).map((day) => dayKey(userId, day))];
  const hashes = await readHashes(redis, keys, USAGE_FIELDS);
  const [lifetime, ...days] = hashes.map((fields, index) =>
    billedUsageIn(keys[index] ?? '', fields, (problem) => problems.push(problem)),
  );
  const usage = days.reduce<Usage>(
    (sum, day) => (day === undefined ? sum : addUsage(sum, day)),
    NO_USAGE,
  );
  return {
    userId,
    known: lifetime !== undefined,
    lifetime: lifetime ?? NO_USAGE,
    cost: costOf(pricing, lifetime ?? NO_USAGE),
    month: billMonth(pricing, month, usage, period),
    problems,
  };
}
