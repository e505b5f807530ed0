import { addDays, countDays, dayOf, type Day } from '../../billing/calendar.js';
import { dailyAnswer, jobAnswer, summaryAnswer } from '../../billing/answers.js';
import { readDailyUsage } from '../../billing/daily-usage.js';
import { readJobDetails } from '../../billing/job-records.js';
import type { Pricing } from '../../billing/pricing.js';
import { summariseUser } from '../../billing/user-summary.js';
import { isMangamotionError } from '../../errors.js';
import { CSV, prefersCsv } from '../accept.js';
import { jsonAnswer } from '../answer.js';
import { begunMonth } from '../begun-month.js';
import { badRequest, notFound } from '../failure.js';
import { defineRoute, type Route, type Values } from '../route.js';
import { csvAnswer } from '../rows-answer.js';
import { dailyDocument, jobDocument, pricesDocument, summaryDocument } from '../schemas/billing.js';
import { flag, jobId, optionalDay, optionalMonth, optionalUserId } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { maySee, requestedUser, type Visitor } from '../visitor.js';
import { evictionWarnings, problemsIn, WARNING_HEADER, withWarnings } from '../warning.js';
import { DAY_CELLS } from './daily-cells.js';

/** Days that `daily-usage` covers if none are named. */
const DEFAULT_DAYS = 30;
/** A hundred years, as for the command. */
const MOST_DAYS = 36_525;

const DAILY_QUERY = {
  user_id: optionalUserId,
  start_date: optionalDay,
  end_date: optionalDay,
  fill: flag,
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
  const withEviction = evictionWarnings(eviction);
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
      summary: 'Usage of a user by day, as rows of CSV',
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
          const details = await readJobDetails(redis, params.jobId, pricing).catch(
            (error: unknown) => {
              // Nobody knows whose the record was.
              if (visitor.kind !== 'admin' && isMangamotionError(error, 'damaged'))
                return undefined;
              throw error;
            },
          );
          // The job of another user looks like one that does not exist: ids cannot be probed.
          if (details === undefined || !maySee(visitor, details.userId))
            throw notFound('Job not found');
          return jsonAnswer({ ...jobAnswer(details), problems: details.problems });
        });
      },
    }),
  ];
}

function dailyCsv({ daily_usage: rows, expired_until, problems }: DailyAnswer): Response {
  const answer = csvAnswer({ cells: DAY_CELLS, rows, fileName: 'daily-usage.csv' });
  const expired = expired_until ?? undefined;
  return withWarnings(answer, [
    expired && `counters up to ${expired} have expired`,
    problemsIn(problems),
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
