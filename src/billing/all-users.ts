import type { RedisReader } from '../redis/reader.js';
import type { CounterProblem } from './counters.js';
import { stateOfMonth } from './calendar.js';
import type { Pricing } from './pricing.js';
import { amountOf, costOf, invoiceOf } from './pricing.js';
import type { Figure, Ranked } from './ranking.js';
import { highestFirst } from './ranking.js';
import { streamUsers } from './streamed-users.js';
import type { UsageLedger } from './usage-ledger.js';
import type { UserCounters } from './user-counters.js';
import { addDaysOf, addLifetimes, noCounters } from './user-counters.js';
import type { AllUsers, AllUsersRequest, SortKey, UserRow } from './user-report.js';
import { MonthSum, rowOf, totalsOf } from './user-rows.js';

/**
 * Resolves to all users. With a month, users who have usage in it but no record any more are included.
 * Only the sums of each user are in memory, not the days.
 */
export async function summariseAllUsers(
  redis: RedisReader,
  request: AllUsersRequest,
): Promise<AllUsers> {
  if (request.sort === 'none') return await streamUsers(redis, request);
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const counters = noCounters();
  await addLifetimes(redis, counters, request, onProblem);
  const withRecord = counters.userIds.length;
  if (request.month !== undefined) {
    await addDaysOf(request.month, redis, counters, request, onProblem);
  }
  const totalUsers = counters.userIds.length;
  const ranked = highestFirst(totalUsers, rankedBy(counters, request), request.top);
  return {
    users: rowsOf(ranked, counters, request),
    shownUsers: ranked.length,
    totalUsers,
    totals: totalsOf(counters.lifetime.total(), monthTotals(counters, request), request),
    withoutRecord: totalUsers - withRecord,
    problems,
  };
}

function* rowsOf(
  ranked: Uint32Array,
  counters: UserCounters,
  request: AllUsersRequest,
): Generator<UserRow> {
  for (const row of ranked) yield rowOf(row, counters, request);
}

function monthTotals(counters: UserCounters, request: AllUsersRequest) {
  const sum = new MonthSum(request);
  if (request.month === undefined) return sum.totals;
  for (const row of counters.userIds.keys()) sum.add(rowOf(row, counters, request).month);
  return sum.totals;
}

const COUNTER_OF = { bytes: 'bytes', compute: 'microseconds', jobs: 'jobs' } as const;

/** By the figure of the month where it can be billed, else by that of the lifetime. */
function rankedBy({ userIds, lifetime, inMonth }: UserCounters, request: AllUsersRequest): Ranked {
  const { pricing, month, sort, today, retentionDays } = request;
  const isBilled = month !== undefined && stateOfMonth(month, today, retentionDays) !== 'expired';
  const ledger = isBilled ? inMonth : lifetime;
  const nameOf = (row: number): string => userIds[row] ?? '';
  if (sort === 'cost' && isBilled) {
    const net = (row: number) => invoiceOf(pricing, costOf(pricing, ledger.get(row))).net;
    const nets = userIds.map((_userId, row) => net(row));
    return { near: (row) => Number(nets[row]), exact: (row) => nets[row], nameOf };
  }
  if (sort === 'cost') {
    const exact = (row: number) => amountOf(pricing, ledger.get(row)).units;
    return { near: (row) => nearCost(pricing, ledger, row) ?? Number(exact(row)), exact, nameOf };
  }
  return { ...figures(ledger, sort), nameOf };
}

function figures(ledger: UsageLedger, sort: SortKey): Omit<Ranked, 'nameOf'> {
  if (sort !== 'bytes' && sort !== 'compute' && sort !== 'jobs') {
    return { near: () => 0, exact: () => undefined };
  }
  const counter = COUNTER_OF[sort];
  return {
    near: (row) => ledger.near(row, counter),
    exact: (row): Figure => ledger.get(row)[counter],
  };
}

/** The units of `amountOf` as a double; `undefined` where a difference would lose digits. */
function nearCost({ units }: Pricing, ledger: UsageLedger, row: number): number | undefined {
  const [bytes, microseconds] = [ledger.near(row, 'bytes'), ledger.near(row, 'microseconds')];
  if (bytes < 0 || microseconds < 0) return undefined;
  return bytes * Number(units.perByte) + microseconds * Number(units.perMicrosecond);
}
