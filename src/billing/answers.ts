import type { AllUsers, UserRow } from './user-report.js';
import type { DailyUsage } from './daily-usage.js';
import type { JobDetails } from './job-records.js';
import type { MonthBill } from './month-bill.js';
import type { Money } from './money.js';
import { roundedMoney } from './money.js';
import type { Pricing } from './pricing.js';
import { costOf } from './pricing.js';
import type { Usage } from './usage.js';

/**
 * The answers in the words of MangaMotion's HTTP API. Bytes and jobs are integers (bigints beyond
 * 2^53), seconds have 6 decimal places, US dollars 4, with the exact decimal as text beside them.
 */

const BYTES_PER_GIB = 1024 ** 3;
const BYTES_PER_MIB = 1024 ** 2;
const MICROSECONDS = 1e6;

export interface UsageAnswer {
  bytes_processed: number | bigint;
  compute_seconds: number;
  job_count: number | bigint;
  jobs_completed: number | bigint;
  jobs_failed: number | bigint;
  jobs_skipped: number | bigint;
}

export interface MonthAnswer {
  /** `YYYY-MM`, UTC. */
  month: string;
  /** `open`: the month is not over. `expired`: a part of it is gone, and all figures are null. */
  state: 'open' | 'final' | 'expired';
  bytes_processed: number | bigint | null;
  compute_seconds: number | null;
  job_count: number | bigint | null;
  gross_cost: number | null;
  gross_cost_exact: string | null;
  discount_percent: number | null;
  /** The threshold of the tier that was reached, in US dollars. */
  discount_threshold: number | null;
  discount: number | null;
  net_cost: number | null;
  net_cost_exact: string | null;
}

export interface SummaryAnswer extends UsageAnswer {
  user_id: string;
  bytes_processed_gb: number;
  compute_hours: number;
  /** Before discounts, which belong to months. */
  estimated_cost: number;
  estimated_cost_exact: string;
  month?: MonthAnswer;
}

export interface DayAnswer extends UsageAnswer {
  /** `YYYY-MM-DD`, UTC. */
  date: string;
  cost: number;
  cost_exact: string;
}

export interface JobAnswer {
  job_id: string;
  user_id: string | null;
  bytes_processed: number | bigint;
  bytes_processed_mb: number;
  compute_seconds: number;
  status: string | null;
  timestamp: string | null;
  completed_at: string | null;
  job_cost: number;
  job_cost_exact: string;
  metadata: unknown;
}

export function summaryAnswer({ userId, lifetime, cost, month }: UserRow): SummaryAnswer {
  const usage = usageAnswer(lifetime);
  return {
    user_id: userId,
    bytes_processed: usage.bytes_processed,
    bytes_processed_gb: rounded(Number(lifetime.bytes) / BYTES_PER_GIB),
    compute_seconds: usage.compute_seconds,
    compute_hours: rounded(usage.compute_seconds / 3600),
    job_count: usage.job_count,
    jobs_completed: usage.jobs_completed,
    jobs_failed: usage.jobs_failed,
    jobs_skipped: usage.jobs_skipped,
    estimated_cost: roundedMoney(cost),
    estimated_cost_exact: cost.toString(),
    ...(month !== undefined && { month: monthAnswer(month) }),
  };
}

function monthAnswer({ month, state, bill }: MonthBill): MonthAnswer {
  if (bill === undefined) {
    return {
      ...{ month, state, ...NONE },
      ...{ gross_cost: null, gross_cost_exact: null },
      ...{ discount_percent: null, discount_threshold: null, discount: null },
      ...{ net_cost: null, net_cost_exact: null },
    };
  }
  const { usage, invoice } = bill;
  const { bytes_processed, compute_seconds, job_count } = usageAnswer(usage);
  return {
    ...{ month, state, bytes_processed, compute_seconds, job_count },
    gross_cost: roundedMoney(invoice.gross),
    gross_cost_exact: invoice.gross.toString(),
    discount_percent: roundedMoney(invoice.percent),
    discount_threshold: invoice.tier === undefined ? null : invoice.tier.threshold.toNumber(),
    discount: roundedMoney(invoice.discount),
    net_cost: roundedMoney(invoice.net),
    net_cost_exact: invoice.net.toString(),
  };
}

export function dailyAnswer(pricing: Pricing, { days, ...report }: DailyUsage) {
  return {
    user_id: report.userId,
    start_date: report.start,
    end_date: report.end,
    daily_usage: days.map(({ day, usage }): DayAnswer => ({
      date: day,
      ...usageAnswer(usage),
      ...costMembers(costOf(pricing, usage)),
    })),
    totals: { ...usageAnswer(report.totals), ...costMembers(costOf(pricing, report.totals)) },
    /** Counters of days up to this one may have expired: the sums are then too small. */
    expired_until: report.expiredUntil ?? null,
    problems: report.problems,
  };
}

export function jobAnswer({ usage, cost, ...job }: JobDetails): JobAnswer {
  const { bytes_processed, compute_seconds } = usageAnswer(usage);
  return {
    job_id: job.jobId,
    user_id: job.userId,
    bytes_processed,
    bytes_processed_mb: rounded(Number(usage.bytes) / BYTES_PER_MIB),
    compute_seconds,
    status: job.status,
    timestamp: job.timestamp,
    completed_at: job.completedAt,
    job_cost: roundedMoney(cost),
    job_cost_exact: cost.toString(),
    metadata: job.metadata,
  };
}

export function totalsAnswer({ lifetime, cost, month }: AllUsers['totals']) {
  return {
    ...usageAnswer(lifetime),
    estimated_cost: roundedMoney(cost),
    estimated_cost_exact: cost.toString(),
    ...(month !== undefined && { month: monthTotalsAnswer(month) }),
  };
}

function monthTotalsAnswer({ usage, gross, net }: NonNullable<AllUsers['totals']['month']>) {
  const { bytes_processed, compute_seconds, job_count } =
    usage === undefined ? NONE : usageAnswer(usage);
  return {
    ...{ bytes_processed, compute_seconds, job_count },
    gross_cost: gross === undefined ? null : roundedMoney(gross),
    gross_cost_exact: gross?.toString() ?? null,
    net_cost: net === undefined ? null : roundedMoney(net),
    net_cost_exact: net?.toString() ?? null,
  };
}

const NONE = { bytes_processed: null, compute_seconds: null, job_count: null };

export function usageAnswer(usage: Usage): UsageAnswer {
  return {
    bytes_processed: integer(usage.bytes),
    compute_seconds: Number(usage.microseconds) / MICROSECONDS,
    job_count: integer(usage.jobs),
    jobs_completed: integer(usage.completed),
    jobs_failed: integer(usage.failed),
    jobs_skipped: integer(usage.skipped),
  };
}

export function costMembers(cost: Money) {
  return { cost: roundedMoney(cost), cost_exact: cost.toString() };
}

/** Returns a bigint only where a number cannot hold the value. */
function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Rounds a figure that only explains another one to 6 places. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
