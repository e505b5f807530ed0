import type { AllUsers, UserRow } from '../../../billing/user-report.js';
import type { MonthAnswer } from '../../../billing/answers.js';
import { SORT_KEYS } from '../../../billing/user-report.js';
import type { Month } from '../../../billing/calendar.js';
import { moneyText } from '../../../billing/money.js';
import type { Usage } from '../../../billing/usage.js';
import { LIFETIME_CELLS, MONTH_CELLS } from '../../../reports/billing/user-cells.js';
import type { Column } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import type { CommandContext } from '../../argv/command.js';
import { defineCommand } from '../../argv/command.js';
import { letYoungSpaceGrow } from '../../run/memory.js';
import { wholeNumber } from '../../values/count.js';
import { countOf } from '../../output/units.js';
import { USAGE_FIELDS } from './usage-text.js';
import { begunMonth, openReport, readMonth, warnOf } from './shared-options.js';

export const billingAllUsers = defineCommand({
  description:
    'List all users with their lifetime usage and gross cost; with --month, with the usage, ' +
    'discount and net cost of that month. The exit status is 3 if counters of the month have ' +
    'expired. Users who were reset appear in a month in which they have usage.',
  arguments: {},
  options: {
    month: {
      value: 'YYYY-MM',
      description: 'bill this month, in UTC (default: the lifetime)',
      parse: readMonth,
    },
    sort: {
      value: 'by',
      description:
        'sort by this column, highest first, or by user name; none writes users as they are read',
      choices: SORT_KEYS,
      default: 'cost',
    },
    top: { value: 'count', description: 'list only the first n users', parse: wholeNumber(1, 9) },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['partial', 'unreachable'],
  examples: {
    'mangamotion billing all-users --top 10': 'list the ten most expensive users',
    'mangamotion billing all-users --month 2026-10 --csv > october.csv':
      'export the invoices of a month',
    "mangamotion billing all-users --json | jq '.users[] | {user_id, estimated_cost}'":
      'select fields in a script',
  },
  async run(context, _arguments, { month, sort, top }) {
    const reportContext = await openReport(context);
    const { summariseAllUsers } = await import('../../../billing/all-users.js');
    const { summaryAnswer, totalsAnswer } = await import('../../../billing/answers.js');
    const chosen = month === undefined ? undefined : begunMonth(month, reportContext.today);
    // The rows are progress enough.
    const isStreamed = sort === 'none';
    const boundYoungSpace = letYoungSpaceGrow();
    if (!isStreamed) context.progress.start('reading users');
    const report = await summariseAllUsers(reportContext.redis, {
      ...reportContext,
      ...{ month: chosen, sort, top, signal: context.signal },
      onProgress: (users) => {
        boundYoungSpace();
        if (!isStreamed) context.progress.update({ objects: users });
      },
    });
    if (!isStreamed) {
      context.progress.done();
      warnOfGaps(context, report, chosen);
    }
    const isExpired = chosen !== undefined && report.totals.month?.gross === undefined;
    if (isExpired) {
      context.warn(
        `the counters of ${chosen} have expired after ${countOf(reportContext.retentionDays, 'day')}, so its ` +
          'costs are unknown',
      );
    }
    const total = () => ({ total_users: report.totalUsers });
    await context.output.rows({
      member: 'users',
      head: { ...(!isStreamed && total()), ...(chosen !== undefined && { month: chosen }) },
      json: summaryAnswer,
      tail: () => ({
        ...(isStreamed && total()),
        totals: totalsAnswer(report.totals),
        problems: report.problems,
      }),
      fields: {
        ...fieldNames('user_id', 'bytes_processed_gb', 'compute_hours'),
        ...fieldNames('estimated_cost', 'estimated_cost_exact'),
        ...USAGE_FIELDS,
        month: MONTH_FIELDS,
      },
      rows: report.users,
      columns: chosen === undefined ? lifetimeColumns : monthColumns,
      empty: 'no users',
      footer: () => footerText(report, chosen),
    });
    if (isStreamed) warnOfGaps(context, report, chosen);
    return report.problems.length > 0 || isExpired ? 'partial' : undefined;
  },
});

function warnOfGaps(
  context: CommandContext,
  { problems, withoutRecord }: AllUsers,
  month: Month | undefined,
): void {
  warnOf(context, problems);
  if (withoutRecord === 0) return;
  context.warn(
    `${countOf(withoutRecord, 'user')} with usage in ${month ?? ''} ` +
      `${withoutRecord === 1 ? 'has' : 'have'} no lifetime record, because of a reset`,
  );
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

const MONTH_FIELDS = fieldNames(
  ...(['month', 'state', 'bytes_processed', 'compute_seconds', 'job_count'] as const),
  ...(['gross_cost', 'gross_cost_exact', 'discount_percent', 'discount_threshold'] as const),
  ...(['discount', 'net_cost', 'net_cost_exact'] as const),
) satisfies FieldsOf<MonthAnswer>;

const userColumn: Column<UserRow> = {
  title: 'user',
  name: 'user_id',
  value: LIFETIME_CELLS.user_id,
};

type UsageCells = Pick<typeof LIFETIME_CELLS, 'bytes_processed' | 'compute_seconds' | 'job_count'>;

function usageColumns(
  cells: UsageCells,
  usageOf: (row: UserRow) => Usage | undefined,
): Column<UserRow>[] {
  return [
    {
      title: 'bytes',
      name: 'bytes_processed',
      value: cells.bytes_processed,
      show: (row, people) => {
        const usage = usageOf(row);
        return usage === undefined ? '' : people.bytes(usage.bytes);
      },
      align: 'right',
      dispensable: 3,
    },
    {
      title: 'seconds',
      name: 'compute_seconds',
      value: cells.compute_seconds,
      align: 'right',
      dispensable: 4,
    },
    {
      title: 'jobs',
      name: 'job_count',
      value: cells.job_count,
      align: 'right',
      dispensable: 2,
    },
  ];
}

const lifetimeColumns: Column<UserRow>[] = [
  userColumn,
  ...usageColumns(LIFETIME_CELLS, ({ lifetime }) => lifetime),
  {
    title: 'cost',
    name: 'estimated_cost',
    value: LIFETIME_CELLS.estimated_cost,
    show: ({ cost }) => moneyText(cost),
    align: 'right',
  },
];

const monthColumns: Column<UserRow>[] = [
  userColumn,
  ...usageColumns(MONTH_CELLS, ({ month }) => month?.bill?.usage),
  ...(['gross', 'net'] as const).map((name): Column<UserRow> => ({
    title: name,
    name: `${name}_cost`,
    value: MONTH_CELLS[`${name}_cost`],
    show: ({ month }) => (month?.bill === undefined ? '' : moneyText(month.bill.invoice[name])),
    align: 'right',
  })),
  {
    title: 'discount',
    name: 'discount_percent',
    value: MONTH_CELLS.discount_percent,
    show: ({ month }) =>
      month?.bill === undefined
        ? ''
        : `${month.bill.invoice.percent.toDecimalPlaces(2).toString()} %`,
    align: 'right',
    dispensable: 1,
  },
];
