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
import { SORT_KEYS, type SortKey } from '../../billing/user-report.js';
import { summariseUser } from '../../billing/user-summary.js';
import { isMangamotionError } from '../../errors.js';
import { jsonAnswer } from '../answer.js';
import { AtMost } from '../at-most.js';
import { badRequest, notFound } from '../failure.js';
import { defineRoute, type Route } from '../route.js';
import { rowsAnswer } from '../rows-answer.js';
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
import { maySee, requestedUser } from '../visitor.js';
import { dailyCsv, prefersCsv } from './daily-csv.js';

/** Days that `daily-usage` covers if none are named. */
const DEFAULT_DAYS = 30;
/** Without `none`: the answer begins with the number of all users. */
const SORTED = SORT_KEYS.filter((key): key is Exclude<SortKey, 'none'> => key !== 'none');
/** Reading all users keeps the server from other requests: forty at once did so for half a minute. */
const MOST_READERS = 2;
/** A hundred years, as for the command. */
const MOST_DAYS = 36_525;

export function billingRoutes({ redis, config, pricing, retentionDays, now }: Services): Route[] {
  const period = () => ({ today: dayOf(now()), retentionDays });
  const readers = new AtMost(MOST_READERS);
  return [
    defineRoute({
      method: 'GET',
      path: '/api/billing/summary',
      summary: 'Lifetime usage of a user, and the cost of a month',
      access: 'user',
      params: {},
      query: { user_id: optionalUserId, month: optionalMonth },
      answers: {
        200: { description: 'the document of `billing summary`', schema: summaryDocument },
      },
      failures: [400, 503],
      async respond({ visitor, query }) {
        const { today } = period();
        const month = begunMonth(query.month, today);
        const user = requestedUser(visitor, query.user_id);
        const summary = await summariseUser(redis, user, month, { pricing, ...period() });
        return jsonAnswer({ ...summaryAnswer(summary), problems: summary.problems });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/daily-usage',
      summary: 'Usage of a user by day, with the cost of each day before discounts',
      access: 'user',
      params: {},
      query: {
        user_id: optionalUserId,
        start_date: optionalDay,
        end_date: optionalDay,
        fill: flag,
      },
      answers: {
        200: {
          description: 'the document of `billing daily`; rows if the client prefers text/csv',
          schema: dailyDocument,
          types: ['text/csv'],
        },
      },
      failures: [400, 503],
      async respond({ visitor, query, header }) {
        const user = requestedUser(visitor, query.user_id);
        const { start_date: start, end_date: end, fill } = query;
        const range = rangeOf(start, end, period().today);
        const usage = await readDailyUsage(redis, user, { ...range, ...period(), fill });
        const answer = dailyAnswer(pricing, usage);
        return prefersCsv(header('accept')) ? dailyCsv(answer.daily_usage) : jsonAnswer(answer);
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
      answers: { 200: { description: 'the document of `billing job`', schema: jobDocument } },
      failures: [400, 404, 502, 503],
      async respond({ visitor, params }) {
        const details = await readJobDetails(redis, params.jobId, pricing).catch(
          (error: unknown) => {
            // Nobody knows whose the record was.
            if (visitor.kind !== 'admin' && isMangamotionError(error, 'damaged')) return undefined;
            throw error;
          },
        );
        // The job of another user looks like one that does not exist: ids cannot be probed.
        if (details === undefined || !maySee(visitor, details.userId))
          throw notFound('Job not found');
        return jsonAnswer({ ...jobAnswer(details), problems: details.problems });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/billing/all-users',
      summary: 'All users with their usage and costs, the most expensive first',
      access: 'admin',
      params: {},
      query: {
        month: optionalMonth,
        sort: choice(SORTED, 'cost'),
        top: wholeNumber(1, 1_000_000),
      },
      answers: {
        200: { description: 'the document of `billing all-users`', schema: allUsersDocument },
      },
      failures: [400, 503],
      async respond({ query, signal }) {
        const month =
          query.month === undefined ? undefined : begunMonth(query.month, period().today);
        const report = await readers.run(signal, () =>
          summariseAllUsers(redis, {
            ...{ pricing, month, sort: query.sort, top: query.top, signal, ...period() },
            onProgress: () => undefined,
          }),
        );
        return rowsAnswer({
          member: 'users',
          head: { total_users: report.totalUsers, ...(month !== undefined && { month }) },
          json: summaryAnswer,
          tail: () => ({ totals: totalsAnswer(report.totals), problems: report.problems }),
          rows: report.users,
        });
      },
    }),
  ];
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
