import type { RedisReader } from '../redis/reader.js';
import type { CounterProblem } from './counters.js';
import { addDaysOf, lifetimeIn, noCounters, readLifetimes } from './user-counters.js';
import type { AllUsers, AllUsersRequest, UserRow } from './user-report.js';
import { MonthSum, totalsOf, userRow } from './user-rows.js';
import type { Usage } from './usage.js';
import { NO_USAGE, addUsage } from './usage.js';

/** Users in the order in which Redis names them, those without a record last. */
export async function streamUsers(redis: RedisReader, request: AllUsersRequest): Promise<AllUsers> {
  const { month, top = Infinity, signal } = request;
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const counters = noCounters();
  if (month !== undefined) await addDaysOf(month, redis, counters, request, onProblem);
  const monthSum = new MonthSum(request);
  let lifetimes = NO_USAGE;
  const report = {
    ...{ shownUsers: 0, totalUsers: 0, withoutRecord: 0, problems },
    totals: totalsOf(lifetimes, monthSum.totals, request),
  };
  const counted = (userId: string, lifetime: Usage): UserRow[] => {
    const at = counters.rows.get(userId);
    const inMonth = at === undefined ? NO_USAGE : counters.inMonth.get(at);
    const row = userRow(userId, lifetime, inMonth, request);
    lifetimes = addUsage(lifetimes, lifetime);
    monthSum.add(row.month);
    report.totalUsers += 1;
    if (report.shownUsers >= top) return [];
    report.shownUsers += 1;
    return [row];
  };
  async function* rows(): AsyncGenerator<UserRow> {
    const seen = new Set<string>();
    for await (const page of readLifetimes(redis, signal)) {
      for (const hash of page) {
        if (seen.has(hash.userId)) continue;
        const usage = lifetimeIn(hash, onProblem);
        if (usage === undefined) continue;
        seen.add(hash.userId);
        yield* counted(hash.userId, usage);
      }
      request.onProgress(seen.size);
    }
    for (const userId of counters.userIds) {
      if (seen.has(userId)) continue;
      report.withoutRecord += 1;
      yield* counted(userId, NO_USAGE);
    }
    report.totals = totalsOf(lifetimes, monthSum.totals, request);
  }
  return Object.assign(report, { users: rows() });
}
