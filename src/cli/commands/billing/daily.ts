import type { Day } from '../../../billing/calendar.js';
import { addDays, countDays, parseDay } from '../../../billing/calendar.js';
import type { DayUsage } from '../../../billing/daily-usage.js';
import { costOf, type Pricing } from '../../../billing/pricing.js';
import { moneyText, roundedMoney } from '../../../billing/money.js';
import { secondsText } from '../../../billing/usage.js';
import { MangamotionError } from '../../../errors.js';
import { bar } from '../../output/bar.js';
import type { Column } from '../../output/columns.js';
import { countOf } from '../../output/units.js';
import { defineCommand } from '../../argv/command.js';
import { USER_ARGUMENT, openBilling, warnOf } from './shared-options.js';

const DEFAULT_DAYS = 30;
/** A hundred years. */
const MOST_DAYS = 36_525;

export const billingDaily = defineCommand({
  description:
    "List a user's usage day by day, in UTC, and the cost of each day before discounts. Daily " +
    'counters expire after BILLING_RETENTION_DAYS; if the range begins earlier, the exit status ' +
    'is 3.',
  arguments: { user: USER_ARGUMENT },
  options: {
    from: { value: 'date', description: 'the first day, YYYY-MM-DD', parse: readDay },
    to: { value: 'date', description: 'the last day (default: today)', parse: readDay },
    last: {
      value: 'days',
      description: 'the number of days, including today: 7d, 30d, 90d (default: 30d)',
      parse: readDays,
    },
    fill: { description: 'include days without usage' },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['partial', 'unreachable'],
  examples: {
    'mangamotion billing daily alice --last 7d --fill': 'list the last week',
    'mangamotion billing daily alice --from 2026-10-01 --to 2026-10-31 --csv':
      'export a month to a spreadsheet',
    "mangamotion billing daily alice --json | jq '[.daily_usage[].bytes_processed] | add'":
      'add up the bytes',
  },
  async run(context, { user }, options) {
    const reportContext = await openBilling(context);
    const { readDailyUsage } = await import('../../../billing/daily-usage.js');
    const { dailyAnswer } = await import('../../../billing/answers.js');
    const range = rangeOf(options, reportContext.today);
    const usage = await readDailyUsage(reportContext.redis, user, {
      ...reportContext,
      ...range,
      fill: options.fill,
    });
    warnOf(context, usage.problems);
    if (usage.expiredUntil !== undefined) {
      context.warn(
        `counters up to ${usage.expiredUntil} have expired after ${reportContext.retentionDays} ` +
          'days: the totals do not include them',
      );
    }
    const { daily_usage: answers, totals, ...rest } = dailyAnswer(reportContext.pricing, usage);
    const { user_id, start_date, end_date, ...tail } = rest;
    const byDay = new Map(answers.map((answer) => [answer.date, answer]));
    await context.output.rows({
      member: 'daily_usage',
      head: { user_id, start_date, end_date },
      json: ({ day }) => byDay.get(day) ?? {},
      tail: () => ({ totals, ...tail }),
      rows: usage.days,
      columns: columnsFor(reportContext.pricing, usage.days, context.output.onTerminal),
      empty: `${user} used nothing from ${usage.start} to ${usage.end}`,
      footer: () =>
        usage.days.length === 0
          ? undefined
          : `total ${moneyText(costOf(reportContext.pricing, usage.totals))} before discounts, ` +
            `${countOf(usage.totals.bytes, 'byte')}, ${secondsText(usage.totals.microseconds)} s, ${countOf(usage.totals.jobs, 'job')}`,
    });
    return usage.problems.length > 0 || usage.expiredUntil !== undefined ? 'partial' : undefined;
  },
});

interface RangeOptions {
  from?: Day | undefined;
  to?: Day | undefined;
  last?: number | undefined;
}

function rangeOf({ from, to, last }: RangeOptions, today: Day): { start: Day; end: Day } {
  if (last !== undefined && (from !== undefined || to !== undefined)) {
    throw new MangamotionError('usage', '--last cannot be combined with --from or --to');
  }
  const end = to ?? today;
  const start = from ?? addDays(end, 1 - (last ?? DEFAULT_DAYS));
  if (start > end) {
    throw new MangamotionError('usage', `--from ${start} is after the end of the range, ${end}`);
  }
  if (countDays(start, end) > MOST_DAYS) {
    throw new MangamotionError('usage', `the range is longer than ${MOST_DAYS} days`);
  }
  return { start, end };
}

function readDay(text: string): Day {
  const day = parseDay(text);
  if (day !== undefined) return day;
  throw new MangamotionError('usage', 'must be a date of the calendar like 2026-11-24');
}

function readDays(text: string): number {
  const days = Number(/^(\d{1,5})d$/.exec(text)?.[1] ?? 0);
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new MangamotionError('usage', 'must be a number of days such as 7d, 30d or 90d');
}

const BAR_WIDTH = 12;

function columnsFor(
  pricing: Pricing,
  days: readonly DayUsage[],
  withBar: boolean,
): Column<DayUsage>[] {
  const cost = ({ usage }: DayUsage) => costOf(pricing, usage);
  const highest = Math.max(0, ...days.map((day) => cost(day).toNumber()));
  const columns: Column<DayUsage>[] = [
    { title: 'date', name: 'date', value: ({ day }) => day, least: Infinity },
    {
      title: 'bytes',
      name: 'bytes_processed',
      value: ({ usage }) => usage.bytes,
      show: ({ usage }, people) => people.bytes(usage.bytes),
      align: 'right',
    },
    {
      title: 'seconds',
      name: 'compute_seconds',
      value: ({ usage }) => secondsText(usage.microseconds),
      align: 'right',
      dispensable: 2,
    },
    ...(['jobs', 'completed', 'failed', 'skipped'] as const).map((field): Column<DayUsage> => ({
      title: field,
      name: field === 'jobs' ? 'job_count' : `jobs_${field}`,
      value: ({ usage }) => usage[field],
      show: ({ usage }, people) => people.count(usage[field]),
      align: 'right',
      dispensable: { jobs: 1, completed: 3, failed: 4, skipped: 5 }[field],
    })),
    {
      title: 'cost',
      name: 'cost',
      value: (day) => roundedMoney(cost(day)),
      show: (day) => moneyText(cost(day)),
      align: 'right',
    },
  ];
  if (!withBar) return columns;
  const share = (day: DayUsage) => (highest === 0 ? 0 : cost(day).toNumber() / highest);
  return [
    ...columns,
    {
      title: '',
      name: 'bar',
      value: () => '',
      show: (day) => bar(share(day), BAR_WIDTH),
      least: Infinity,
      dispensable: 6,
    },
  ];
}
