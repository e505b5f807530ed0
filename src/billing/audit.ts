import { usageAnswer, type UsageAnswer } from './answers.js';
import { roundedMoney, type Decimal } from './money.js';
import { costOf, type Pricing } from './pricing.js';
import { NO_USAGE, type Usage } from './usage.js';

/** What the counters of one user add up to. */
export interface Ledger {
  userId: string;
  /** `undefined` where there is no record of the user. */
  lifetime: Usage | undefined;
  /** The days, and the jobs, that have not expired: their sum, and how many there are. */
  days: { usage: Usage; count: number };
  jobs: { usage: Usage; count: number };
}

/**
 * `drift`: counters that contradict each other, so that something was billed wrong or not at all.
 * `note`: what the backend's own writer leaves behind, and explains by itself.
 */
export type Severity = 'drift' | 'note';

export type FindingKind =
  | 'days_exceed_lifetime'
  | 'jobs_exceed_lifetime'
  | 'no_user_record'
  | 'not_a_number'
  | 'not_a_hash'
  | 'negative'
  | 'future_day'
  | 'jobs_below_days'
  | 'jobs_below_lifetime'
  | 'job_without_user'
  | 'without_expiry'
  | 'undefined_id'
  | 'odd_key';

export interface Finding {
  severity: Severity;
  kind: FindingKind;
  userId: string | null;
  /** The record itself, where it is one. */
  key: string | null;
  /** What was found, and what probably led to it. */
  what: string;
  cause: string;
  /** How far apart the figures are, never negative in any part; `undefined` where there are none. */
  difference: Usage | undefined;
}

/** What contradicts in a user's counters. Lifetime totals never expire, so nothing can exceed them. */
export function auditLedger(ledger: Ledger): Finding[] {
  const { userId, lifetime, days, jobs } = ledger;
  const finding = { userId, key: null };
  if (lifetime === undefined) {
    const difference = larger(days.usage, jobs.usage);
    return [
      {
        ...{ ...finding, severity: 'drift', kind: 'no_user_record', difference },
        what: `${counted(days.count, 'day')} and ${counted(jobs.count, 'job')}, but no lifetime record`,
        cause: 'the user was reset, and the days and jobs were left',
      },
    ];
  }
  const findings: Finding[] = [];
  const daysOver = excess(days.usage, lifetime, days.count);
  if (daysOver !== undefined) {
    findings.push({
      ...{ ...finding, severity: 'drift', kind: 'days_exceed_lifetime', difference: daysOver },
      what: 'the days add up to more than the lifetime total',
      cause: 'the user was reset while days were kept, or a write of the total failed',
    });
  }
  // A job knows its bytes and seconds, not how often it was counted.
  const jobsOver = excess(metered(jobs.usage), lifetime, jobs.count);
  if (jobsOver !== undefined) {
    findings.push({
      ...{ ...finding, severity: 'drift', kind: 'jobs_exceed_lifetime', difference: jobsOver },
      what: 'the jobs add up to more than the lifetime total',
      cause: 'the user was reset while jobs were kept, or a write of the total failed',
    });
  }
  const belowDays = excess(metered(days.usage), jobs.usage, days.count + jobs.count);
  const belowLifetime = excess(metered(lifetime), jobs.usage, jobs.count);
  if (belowDays !== undefined) {
    findings.push({
      ...{ ...finding, severity: 'note', kind: 'jobs_below_days', difference: belowDays },
      what: 'the jobs add up to less than the days',
      cause: 'retries overwrote the figures of their job, or jobs have no user',
    });
  } else if (belowLifetime !== undefined) {
    findings.push({
      ...{ ...finding, severity: 'note', kind: 'jobs_below_lifetime', difference: belowLifetime },
      what: 'the jobs add up to less than the lifetime total',
      cause: 'jobs have expired after a year, or retries overwrote the figures of their job',
    });
  }
  return findings;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The difference in exact US dollars. */
export function costOfDifference(pricing: Pricing, { difference }: Finding): Decimal | undefined {
  return difference === undefined ? undefined : costOf(pricing, difference);
}

/**
 * By how much `a` is above `b`, part by part; `undefined` where it is nowhere. Seconds were rounded to
 * 6 places in each of `records`, so that so many microseconds mean nothing.
 */
function excess(a: Usage, b: Usage, records: number): Usage | undefined {
  const dust = BigInt(records + 1);
  const over = (field: keyof Usage): bigint => {
    const more = a[field] - b[field];
    return more > (field === 'microseconds' ? dust : 0n) ? more : 0n;
  };
  const difference: Usage = {
    bytes: over('bytes'),
    microseconds: over('microseconds'),
    jobs: over('jobs'),
    completed: over('completed'),
    failed: over('failed'),
    skipped: over('skipped'),
  };
  return Object.values(difference).some((value) => value !== 0n) ? difference : undefined;
}

function metered({ bytes, microseconds }: Usage): Usage {
  return { ...NO_USAGE, bytes, microseconds };
}

function larger(a: Usage, b: Usage): Usage {
  const most = (field: keyof Usage) =>
    [a[field], b[field]].reduce((most, value) => (value > most ? value : most), 0n);
  return {
    bytes: most('bytes'),
    microseconds: most('microseconds'),
    jobs: most('jobs'),
    completed: most('completed'),
    failed: most('failed'),
    skipped: most('skipped'),
  };
}

export interface FindingAnswer {
  severity: Severity;
  kind: FindingKind;
  user_id: string | null;
  key: string | null;
  what: string;
  cause: string;
  /** Bytes, seconds and US dollars that the figures are apart. */
  difference: (UsageAnswer & { cost: number; cost_exact: string }) | null;
}

export function findingAnswer(pricing: Pricing, finding: Finding): FindingAnswer {
  const { severity, kind, userId, key, what, cause, difference } = finding;
  const cost = costOfDifference(pricing, finding);
  return {
    ...{ severity, kind, user_id: userId, key, what, cause },
    difference:
      difference === undefined || cost === undefined
        ? null
        : { ...usageAnswer(difference), cost: roundedMoney(cost), cost_exact: cost.toString() },
  };
}
