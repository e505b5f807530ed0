import type { AllUsers, UserRow } from '../../../billing/all-users.js';
import { SORT_KEYS } from '../../../billing/all-users.js';
import type { Month } from '../../../billing/calendar.js';
import { moneyText, roundedMoney } from '../../../billing/money.js';
import type { Usage } from '../../../billing/usage.js';
import { secondsText } from '../../../billing/usage.js';
import { MangamotionError } from '../../../errors.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { begunMonth, openBilling, readMonth, warnOf } from './shared-options.js';

export const billingAllUsers = defineCommand({
  description:
    'List all users with what they have used since the beginning, gross; with --month with what they ' +
    'used in that month, its discounts and what it costs. With a month that has lost counters the ' +
    'exit status is 3. Users who were reset are listed with a month where they have usage in it.',
  arguments: {},
  options: {
    month: {
      value: 'YYYY-MM',
      description: 'bill this month, in UTC (otherwise the lifetime)',
      parse: readMonth,
    },
    sort: {
      value: 'by',
      description: 'the highest first, or users by name',
      choices: SORT_KEYS,
      default: 'cost',
    },
    top: { value: 'count', description: 'list the first so many alone', parse: readTop },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['partial', 'unreachable'],
  examples: [
    { command: 'mangamotion billing all-users --top 10', meaning: 'who has cost the most' },
    {
      command: 'mangamotion billing all-users --month 2026-10 --csv > october.csv',
      meaning: 'the invoices of a month',
    },
    {
      command: "mangamotion billing all-users --json | jq '.users[] | {user_id, estimated_cost}'",
      meaning: 'for a script',
    },
  ],
  async run(context, _arguments, { month, sort, top }) {
    const reportContext = await openBilling(context);
    const { summariseAllUsers } = await import('../../../billing/all-users.js');
    const { summaryAnswer, totalsAnswer } = await import('../../../billing/answers.js');
    const chosen = month === undefined ? undefined : begunMonth(month, reportContext.today);
    context.progress.start('reading users');
    const report = await summariseAllUsers(reportContext.redis, {
      ...reportContext,
      ...{ month: chosen, sort, top, signal: context.signal },
      onProgress: (users) => context.progress.update({ objects: users }),
    });
    context.progress.done();
    warnOf(context, report.problems);
    const { users, totals, totalUsers, withoutRecord, problems } = report;
    if (withoutRecord > 0) {
      context.warn(
        `${countOf(withoutRecord, 'user')} with usage in ${chosen ?? ''} but no record: reset since`,
      );
    }
    const isExpired = chosen !== undefined && totals.month?.gross === undefined;
    if (isExpired) {
      context.warn(
        `${chosen} is expired: daily counters live for ${reportContext.retentionDays} days, so that its costs are not known`,
      );
    }
    await context.output.rows({
      member: 'users',
      head: { total_users: totalUsers, ...(chosen !== undefined && { month: chosen }) },
      json: summaryAnswer,
      tail: () => ({ totals: totalsAnswer(totals), problems }),
      rows: users,
      columns: chosen === undefined ? lifetimeColumns : monthColumns,
      empty: 'no users',
      footer: () => footerText(report, chosen),
    });
    return problems.length > 0 || isExpired ? 'partial' : undefined;
  },
});

function readTop(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new MangamotionError('usage', 'must be a whole number, at least 1');
}

function footerText(
  { shownUsers, totalUsers, totals }: AllUsers,
  month: Month | undefined,
): string {
  const all = countOf(totalUsers, 'user');
  const count = shownUsers < totalUsers ? `${shownUsers} of ${all}` : all;
  if (month === undefined) return `${count}, ${moneyText(totals.cost)} gross in all`;
  const { gross, net } = totals.month ?? {};
  if (gross === undefined || net === undefined) return count;
  return `${count} in ${month}: ${moneyText(gross)} gross, ${moneyText(net)} net in all`;
}

type UsageOf = (row: UserRow) => Usage | undefined;

const userColumn: Column<UserRow> = {
  title: 'user',
  name: 'user_id',
  value: ({ userId }) => userId,
};

function usageColumns(usageOf: UsageOf): Column<UserRow>[] {
  return [
    {
      title: 'bytes',
      name: 'bytes_processed',
      value: (row) => usageOf(row)?.bytes ?? '',
      show: (row, people) => {
        const usage = usageOf(row);
        return usage === undefined ? '' : people.bytes(usage.bytes);
      },
      align: 'right',
    },
    {
      title: 'seconds',
      name: 'compute_seconds',
      value: (row) => {
        const usage = usageOf(row);
        return usage === undefined ? '' : secondsText(usage.microseconds);
      },
      align: 'right',
    },
    {
      title: 'jobs',
      name: 'job_count',
      value: (row) => usageOf(row)?.jobs ?? '',
      align: 'right',
    },
  ];
}

const lifetimeColumns: Column<UserRow>[] = [
  userColumn,
  ...usageColumns(({ lifetime }) => lifetime),
  {
    title: 'cost',
    name: 'estimated_cost',
    value: ({ cost }) => roundedMoney(cost),
    show: ({ cost }) => moneyText(cost),
    align: 'right',
  },
];

const monthColumns: Column<UserRow>[] = [
  userColumn,
  ...usageColumns(({ month }) => month?.bill?.usage),
  ...(['gross', 'net'] as const).map((name): Column<UserRow> => ({
    title: name,
    name: `${name}_cost`,
    value: ({ month }) => (month?.bill === undefined ? '' : roundedMoney(month.bill.invoice[name])),
    show: ({ month }) => (month?.bill === undefined ? '' : moneyText(month.bill.invoice[name])),
    align: 'right',
  })),
  {
    title: 'discount',
    name: 'discount_percent',
    value: ({ month }) =>
      month?.bill === undefined ? '' : roundedMoney(month.bill.invoice.percent),
    show: ({ month }) =>
      month?.bill === undefined
        ? ''
        : `${month.bill.invoice.percent.toDecimalPlaces(2).toString()} %`,
    align: 'right',
  },
];
