import { summariseAllUsers } from '../../billing/all-users.js';
import { summaryAnswer, totalsAnswer } from '../../billing/answers.js';
import { dayOf, type Month } from '../../billing/calendar.js';
import { SORT_KEYS, type AllUsers, type SortKey } from '../../billing/user-report.js';
import { LIFETIME_CELLS, MONTH_CELLS } from '../../reports/billing/user-cells.js';
import { CSV, prefersCsv } from '../accept.js';
import { AtMost } from '../at-most.js';
import { begunMonth } from '../begun-month.js';
import { defineRoute, type Route, type Values } from '../route.js';
import { csvAnswer, rowsAnswer } from '../rows-answer.js';
import { allUsersDocument } from '../schemas/billing.js';
import { choice, optionalMonth, wholeNumber } from '../schemas/parameters.js';
import type { Services } from '../services.js';
import { evictionWarnings, problemsIn, WARNING_HEADER, withWarnings } from '../warning.js';

/** Without `none`: the answer begins with the number of all users. */
const SORTED = SORT_KEYS.filter((key): key is Exclude<SortKey, 'none'> => key !== 'none');
/** Reading all users keeps the server from other requests: forty at once did so for half a minute. */
const MOST_READERS = 2;
const ALL_USERS_QUERY = {
  month: optionalMonth,
  sort: choice(SORTED, 'cost'),
  top: wholeNumber(1, 1_000_000),
};

export function billingUsersRoutes(services: Services): Route[] {
  const { redis, pricing, retentionDays, now, eviction } = services;
  const readers = new AtMost(MOST_READERS);
  const period = () => ({ today: dayOf(now()), retentionDays });
  const allUsersOf = async (
    query: Values<typeof ALL_USERS_QUERY>,
    signal: AbortSignal,
  ): Promise<ReportOfUsers> => {
    const month = query.month === undefined ? undefined : begunMonth(query.month, period().today);
    const report = await readers.run(signal, () =>
      summariseAllUsers(redis, {
        ...{ pricing, month, sort: query.sort, top: query.top, signal, ...period() },
        onProgress: () => undefined,
      }),
    );
    return { report, month };
  };
  const withEviction = evictionWarnings(eviction);

  return [
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
      summary: 'All users with their usage and costs, as rows of CSV',
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
