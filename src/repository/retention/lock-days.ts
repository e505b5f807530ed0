import type { Period } from './periods.js';
import { PERIODS } from './periods.js';
import type { RetentionPolicy } from './policy.js';

/** The length of a period in days; a month and a year are the longest that there are. */
const DAYS: Readonly<Record<Period, number>> = {
  hourly: 1 / 24,
  daily: 1,
  weekly: 7,
  monthly: 31,
  yearly: 366,
};

/**
 * Returns for how many days a new backup is locked so that its lock ends when the policy lets go of
 * it; `undefined` if the policy tells no time, because it keeps a number of backups.
 *
 * The days of the policy hold for every backup. Of the rules by periods, the one with the shortest
 * period decides: each backup is the newest of its hour or its day when it is made, and only some of
 * them become the one that is kept for a week or a year. Those are not locked for a year.
 */
export function lockDaysOf(policy: RetentionPolicy): number | undefined {
  const finest = PERIODS.find((period) => (policy[period] ?? 0) > 0);
  const byPeriod = finest === undefined ? 0 : DAYS[finest] * (policy[finest] ?? 0);
  const days = Math.ceil(Math.max(policy.days ?? 0, byPeriod));
  return days > 0 ? days : undefined;
}
