import {
  addDays,
  countDays,
  dayOf,
  monthOf,
  type Day,
  type Month,
} from '../../billing/calendar.js';
import { summariseAllUsers } from '../../billing/all-users.js';
import { dailyAnswer, jobAnswer, summaryAnswer, totalsAnswer } from '../../billing/answers.js';
import { readDailyUsage } from '../../billing/daily-usage.js';
import { readJobDetails } from '../../billing/job-records.js';
import type { Pricing } from '../../billing/pricing.js';
import { SORT_KEYS, type AllUsers, type SortKey } from '../../billing/user-report.js';
import { summariseUser } from '../../billing/user-summary.js';
import { countOf } from '../../count-of.js';
import { LIFETIME_CELLS, MONTH_CELLS } from '../../reports/billing/user-cells.js';
import { prefers } from '../accept.js';
import { jsonAnswer } from '../answer.js';
import { badRequest, notFound } from '../failure.js';
import { defineRoute, type Route, type Values } from '../route.js';
import { csvAnswer, rowsAnswer } from '../rows-answer.js';
import {
  allUsersDocument,
  dailyDocument,
  jobDocument,
  pricesDocument,
  summaryDocument,
} from '../schemas/billing.js';
import {
  choice,
  flag,
  jobId,
  optionalDay,
  optionalMonth,
  optionalUserId,
  wholeNumber,
} from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { maySee, requestedUser, type Visitor } from '../visitor.js';
import { WARNING_HEADER, withWarnings } from '../warning.js';
import { DAY_CELLS } from './daily-cells.js';

/** Days that `daily-usage` covers if none are named. */
const DEFAULT_DAYS = 30;
/** Without `none`: the answer begins with the number of all users. */
const SORTED = SORT_KEYS.filter((key): key is Exclude<SortKey, 'none'> => key !== 'none');
/** A hundred years, as for the command. */
const MOST_DAYS = 36_525;
const CSV = 'text/csv';

const DAILY_QUERY = {
  user_id: optionalUserId,
  start_date: optionalDay,
  end_date: optionalDay,
  fill: flag,
};
const ALL_USERS_QUERY = {
  month: optionalMonth,
  sort: choice(SORTED, 'cost'),
  top: wholeNumber(1, 1_000_000),
};

type DailyAnswer = ReturnType<typeof dailyAnswer>;

export function billingRoutes(services: Services): Route[] {
  const { redis, config, pricing, retentionDays, now, eviction } = services;
  const period = () => ({ today: dayOf(now()), retentionDays });
  const dailyOf = async (
    visitor: Visitor,
    query: Values<typeof DAILY_QUERY>,
  ): Promise<DailyAnswer> => {
    const user = requestedUser(visitor, query.user_id);
    const range = rangeOf(query.start_date, query.end_date, period().today);
    const { fill } = query;
    const usage = await readDailyUsage(redis, user, { ...range, ...period(), fill });
    return dailyAnswer(pricing, usage);
  };
  const allUsersOf = async (
    query: Values<typeof ALL_USERS_QUERY>,
    signal: AbortSignal,
  ): Promise<ReportOfUsers> => {
    const month = query.month === undefined ? undefined : begunMonth(query.month, period().today);
    const report = await summariseAllUsers(redis, {
      ...{ pricing, month, sort: query.sort, top: query.top, signal, ...period() },
      onProgress: () => undefined,
    });
    return { report, month };
  };
  const withEviction = async (answer: () => Promise<Response>): Promise<Response> => {
    const [response, warning] = await Promise.all([answer(), eviction.warning()]);
    return withWarnings(response, [warning]);
  };
  return [
    defineRoute({
      method: 'GET',
      path: '/api/billing/summary',
      summary: 'Lifetime usage of a user, and the cost of a month',
      access: 'user',
      params: {},
      query: { user_id: optionalUserId, month: optionalMonth },
      answers: {
        200: {
          description: 'the document of `billing summary`',
          schema: summaryDocument,
          headers: WARNING_HEADER,
        },
      },
      failures: [400, 503],
      async respond({ visitor, query }) {
        const { today } = period();
        const month = begunMonth(query.month, today);
        const user = requestedUser(visitor, query.user_id);
        return await withEviction(async () => {
          const summary = await summariseUser(redis, user, month, { pricing, ...period() });
          return jsonAnswer({ ...summaryAnswer(summary), problems: summary.problems });
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/daily-usage',
      summary: 'Usage of a user by day, with the cost of each day before discounts',
      access: 'user',
      params: {},
      query: DAILY_QUERY,
      answers: {
        200: {
          description: 'the document of `billing daily`; rows if the client prefers text/csv',
          schema: dailyDocument,
          types: [CSV],
          headers: WARNING_HEADER,
        },
      },
      failures: [400, 503],
      async respond({ visitor, query, header }) {
        return await withEviction(async () => {
          const answer = await dailyOf(visitor, query);
          return prefersCsv(header) ? dailyCsv(answer) : jsonAnswer(answer);
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/daily-usage.csv',
      summary: 'The same as rows',
      access: 'user',
      params: {},
      query: DAILY_QUERY,
      answers: {
        200: { description: 'a row for each day', types: [CSV], headers: WARNING_HEADER },
      },
      failures: [400, 503],
      async respond({ visitor, query }) {
        return await withEviction(async () => dailyCsv(await dailyOf(visitor, query)));
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/prices',
      summary: 'The prices of usage, and the tiers of the discount',
      access: 'user',
      params: {},
      query: {},
      answers: { 200: { description: 'US dollars and percent', schema: pricesDocument } },
      failures: [],
      respond: () => Promise.resolve(jsonAnswer(pricesAnswer(pricing, config.billing))),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/job/{jobId}',
      summary: 'What a job used and what it costs',
      access: 'user',
      params: { jobId },
      query: {},
      answers: {
        200: {
          description: 'the document of `billing job`',
          schema: jobDocument,
          headers: WARNING_HEADER,
        },
      },
      failures: [400, 404, 502, 503],
      async respond({ visitor, params }) {
        return await withEviction(async () => {
          const details = await readJobDetails(redis, params.jobId, pricing);
          // The job of another user looks like one that does not exist: ids cannot be probed.
          if (details === undefined || !maySee(visitor, details.userId))
            throw notFound('Job not found');
          return jsonAnswer({ ...jobAnswer(details), problems: details.problems });
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/all-users',
      summary: 'All users with their usage and costs, the most expensive first',
      access: 'admin',
      params: {},
      query: ALL_USERS_QUERY,
      answers: {
        200: {
          description: 'the document of `billing all-users`; rows if the client prefers text/csv',
          schema: allUsersDocument,
          types: [CSV],
          headers: WARNING_HEADER,
        },
      },
      failures: [400, 503],
      async respond({ query, signal, header }) {
        return await withEviction(async () => {
          const users = await allUsersOf(query, signal);
          return prefersCsv(header) ? usersCsv(users) : usersDocument(users);
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/all-users.csv',
      summary: 'The same as rows',
      access: 'admin',
      params: {},
      query: ALL_USERS_QUERY,
      answers: {
        200: { description: 'a row for each user', types: [CSV], headers: WARNING_HEADER },
      },
      failures: [400, 503],
      async respond({ query, signal }) {
        return await withEviction(async () => usersCsv(await allUsersOf(query, signal)));
      },
    }),
  ];
}

function prefersCsv(header: (name: string) => string | undefined): boolean {
  return prefers(header('accept'), CSV, 'application/json');
}

function dailyCsv({ daily_usage: rows, expired_until, problems }: DailyAnswer): Response {
  const answer = csvAnswer({ cells: DAY_CELLS, rows, fileName: 'daily-usage.csv' });
  const expired = expired_until ?? undefined;
  return withWarnings(answer, [
    expired && `counters up to ${expired} have expired`,
    problemsIn(problems),
  ]);
}

/** Rows have no place for problems. */
function problemsIn({ length }: readonly unknown[]): string | undefined {
  return length === 0
    ? undefined
    : `${countOf(length, 'problem')} in the counters: the JSON document lists them`;
}

/** The report of all users for a month; for their lifetimes if `month` is `undefined`. */
interface ReportOfUsers {
  report: AllUsers;
  month: Month | undefined;
}

function usersDocument({ report, month }: ReportOfUsers): Response {
  return rowsAnswer({
    member: 'users',
    head: { total_users: report.totalUsers, ...(month !== undefined && { month }) },
    json: summaryAnswer,
    tail: () => ({ totals: totalsAnswer(report.totals), problems: report.problems }),
    rows: report.users,
  });
}

function usersCsv({ report, month }: ReportOfUsers): Response {
  const answer = csvAnswer({
    cells: month === undefined ? LIFETIME_CELLS : MONTH_CELLS,
    rows: report.users,
    fileName: `all-users${month === undefined ? '' : `-${month}`}.csv`,
  });
  const isExpired = month !== undefined && report.totals.month?.gross === undefined;
  return withWarnings(answer, [
    isExpired ? `the counters of ${month} have expired` : undefined,
    problemsIn(report.problems),
  ]);
}

function pricesAnswer(
  { ratePerGib, ratePerSecond, mode, tiers }: Pricing,
  { discountEnabled }: { discountEnabled: boolean },
) {
  return {
    rate_per_gib: ratePerGib.toString(),
    rate_per_second: ratePerSecond.toString(),
    discount_enabled: discountEnabled,
    discount_mode: mode,
    tiers: tiers.map(({ threshold, percent }) => ({
      threshold: threshold.toString(),
      percent: percent.toString(),
    })),
  };
}

/** Throws 400 for a month that has not begun. */
function begunMonth(month: Month | undefined, today: Day): Month {
  const current = monthOf(today);
  if (month === undefined || month <= current) return month ?? current;
  throw badRequest(`month has not begun: today is ${today} (UTC)`);
}

function rangeOf(
  start: Day | undefined,
  end: Day | undefined,
  today: Day,
): { start: Day; end: Day } {
  const last = end ?? today;
  const first = start ?? addDays(last, 1 - DEFAULT_DAYS);
  if (first > last) throw badRequest(`start_date is after the end of the range, ${last}`);
  if (countDays(first, last) > MOST_DAYS)
    throw badRequest(`the range is longer than ${MOST_DAYS} days`);
  return { start: first, end: last };
}
