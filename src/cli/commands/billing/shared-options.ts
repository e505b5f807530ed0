import type { Day, Month } from '../../../billing/calendar.js';
import { dayOf, monthOf, parseMonth } from '../../../billing/calendar.js';
import type { Pricing } from '../../../billing/pricing.js';
import type { CounterProblem } from '../../../billing/counters.js';
import { effectOf, problemText } from '../../../billing/counters.js';
import { MangamotionError } from '../../../errors.js';
import type { RedisReader } from '../../../redis/reader.js';
import type { CommandContext } from '../../argv/command.js';

/** What every report needs. */
export interface ReportContext {
  redis: RedisReader;
  pricing: Pricing;
  today: Day;
  retentionDays: number;
}

export async function openBilling(context: CommandContext): Promise<ReportContext> {
  const { billing } = await context.config();
  const [{ createPricing }, redis] = await Promise.all([
    import('../../../billing/pricing.js'),
    context.openRedis(),
  ]);
  return {
    redis,
    pricing: createPricing(billing),
    today: dayOf(context.now()),
    retentionDays: billing.retentionDays,
  };
}

/** As `openBilling`, and warns where counters may be missing because Redis evicts keys. */
export async function openReport(context: CommandContext): Promise<ReportContext> {
  const opened = await openBilling(context);
  const { readEviction } = await import('../../../redis/eviction.js');
  const eviction = await readEviction(opened.redis);
  if (eviction !== undefined) {
    const { EVICTION_REMEDY, evictionText } = await import('../../../billing/eviction.js');
    context.warn(`Redis ${evictionText(eviction)}; ${EVICTION_REMEDY}`);
  }
  return opened;
}

export const USER_ARGUMENT = {
  description: 'the id of the user',
  parse: parseId,
  complete: 'user',
} as const;
export const JOB_ARGUMENT = {
  description: 'the id of the job',
  parse: parseId,
  complete: 'job',
} as const;

export const MONTH_OPTION = {
  value: 'YYYY-MM',
  description: 'the month, in UTC (default: the current month)',
  parse: readMonth,
} as const;

function parseId(text: string): string {
  if (text !== '') return text;
  throw new MangamotionError('usage', 'must not be empty');
}

export function readMonth(text: string): Month {
  const month = parseMonth(text);
  if (month !== undefined) return month;
  throw new MangamotionError('usage', 'must be a month like 2026-11');
}

/** The month asked for, or the current one. Throws `usage` for one that has not begun. */
export function begunMonth(month: Month | undefined, today: Day): Month {
  const current = monthOf(today);
  if (month === undefined || month <= current) return month ?? current;
  throw new MangamotionError('usage', `${month} has not begun: today is ${today} (UTC)`);
}

const MOST_TOLD = 20;

/** Names on stderr the counters that have problems. */
export function warnOf(context: CommandContext, problems: readonly CounterProblem[]): void {
  for (const problem of problems.slice(0, MOST_TOLD)) {
    context.warn(`${problemText(problem)}; ${effectOf(problem)}`);
  }
  const more = problems.length - MOST_TOLD;
  if (more > 0) context.warn(`and ${more} more: --json lists them all`);
}
