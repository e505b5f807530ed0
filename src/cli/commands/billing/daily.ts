import type { Day } from '../../../billing/calendar.js';
import type { DayAnswer } from '../../../billing/answers.js';
import { addDays, countDays, monthsBefore, parseDay } from '../../../billing/calendar.js';
import type { DayUsage } from '../../../billing/daily-usage.js';
import { costOf, type Pricing } from '../../../billing/pricing.js';
import { moneyText, roundedMoney } from '../../../billing/money.js';
import { secondsText } from '../../../billing/usage.js';
import { MangamotionError } from '../../../errors.js';
import { bar } from '../../output/bar.js';
import type { Column } from '../../output/columns.js';
import { NumberText } from '../../../csv.js';
import { fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { USAGE_FIELDS } from './usage-text.js';
import { USER_ARGUMENT, openReport, warnOf } from './shared-options.js';

/** A hundred years. */
const MOST_DAYS = 36_525;
const MOST_MONTHS = 1200;
const DEFAULT_SPAN: Span = { days: 30 };

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
      value: 'time',
      description: 'days, weeks or months up to today: 7d, 2w, 3m (default: 30d)',
      parse: readSpan,
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
    const reportContext = await openReport(context);
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
      json: ({ day }) => byDay.get(day) ?? ({} as DayAnswer),
      tail: () => ({ totals, ...tail }),
      fields: { ...fieldNames('date', 'cost', 'cost_exact'), ...USAGE_FIELDS },
      rows: usage.days,
      columns: columnsFor(reportContext.pricing, usage.days, context.output.onTerminal),
      empty: `${user} used nothing from ${usage.start} to ${usage.end}`,
      footer: () =>
        usage.days.length === 0
          ? undefined
          : `total ${moneyText(costOf(reportContext.pricing, usage.totals))} before discounts, ` +
            `${countOf(usage.totals.bytes, 'byte')}, ${secondsText(usage.totals.microseconds)} s, ` +
            countOf(usage.totals.jobs, 'job'),
    });
    return usage.problems.length > 0 || usage.expiredUntil !== undefined ? 'partial' : undefined;
  },
});

interface RangeOptions {
  from?: Day | undefined;
  to?: Day | undefined;
  last?: Span | undefined;
}

/** How long a range is. */
type Span = { days: number } | { months: number };

function rangeOf({ from, to, last }: RangeOptions, today: Day): { start: Day; end: Day } {
  if (last !== undefined && (from !== undefined || to !== undefined)) {
    throw new MangamotionError('usage', '--last cannot be combined with --from or --to');
  }
  const end = to ?? today;
  const start = from ?? firstDay(last ?? DEFAULT_SPAN, end);
  if (start > end) {
    throw new MangamotionError('usage', `--from ${start} is after the end of the range, ${end}`);
  }
  if (countDays(start, end) > MOST_DAYS) {
    throw new MangamotionError('usage', `the range is longer than ${MOST_DAYS} days`);
  }
  return { start, end };
}

/** Three months that end on November 29 begin on August 30. */
function firstDay(span: Span, end: Day): Day {
  return addDays('months' in span ? monthsBefore(end, span.months) : addDays(end, -span.days), 1);
}

function readDay(text: string): Day {
  const day = parseDay(text);
  if (day !== undefined) return day;
  throw new MangamotionError('usage', 'must be a date of the calendar like 2026-11-24');
}

function readSpan(text: string): Span {
  const [, digits = '0', unit] = /^(\d{1,5})([dwm])$/.exec(text) ?? [];
  const count = Number(digits);
  if (count >= 1 && count <= MOST_DAYS) {
    if (unit === 'm' && count <= MOST_MONTHS) return { months: count };
    if (unit === 'w' && count * 7 <= MOST_DAYS) return { days: count * 7 };
    if (unit === 'd') return { days: count };
  }
  throw new MangamotionError('usage', 'must be a number of days, weeks or months: 7d, 2w, 3m');
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
      value: ({ usage }) => new NumberText(secondsText(usage.microseconds)),
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
