import { countOf } from '../count-of.js';
import { costMembers, usageAnswer, type UsageAnswer } from './answers.js';
import type { Decimal } from './money.js';
import { SEVERITY, type FindingKind, type Severity } from './finding-kinds.js';
import { costOf, type Pricing } from './pricing.js';
import { NO_USAGE, type Usage, usageOf } from './usage.js';

/** What the counters of one user add up to. */
export interface Ledger {
  userId: string;
  /** `undefined` where there is no record of the user. */
  lifetime: Usage | undefined;
  /** The days, and the jobs, that have not expired: their sum, and how many there are. */
  days: { usage: Usage; count: number };
  jobs: { usage: Usage; count: number };
}

export interface Finding {
  severity: Severity;
  kind: FindingKind;
  userId: string | null;
  /** The key of the record; `null` where a finding is about several. */
  key: string | null;
  /** What was found, and what probably led to it. */
  what: string;
  cause: string;
  /** How far apart the figures are, never negative in any part; `undefined` where there are none. */
  difference: Usage | undefined;
}

export function findingOf(
  kind: FindingKind,
  { userId, key }: Pick<Finding, 'userId' | 'key'>,
  [what, cause]: [what: string, cause: string],
  difference?: Usage,
): Finding {
  return { severity: SEVERITY[kind], kind, userId, key, what, cause, difference };
}

/** Returns what contradicts in a user's counters. Lifetime totals never expire: nothing can exceed them. */
export function auditLedger({ userId, lifetime, days, jobs }: Ledger): Finding[] {
  const about = { userId, key: null };
  if (lifetime === undefined) {
    const what = `${countOf(days.count, 'day')} and ${countOf(jobs.count, 'job')}, but no lifetime record`;
    const cause = 'the user was reset, and the days and jobs were left';
    return [findingOf('no_user_record', about, [what, cause], larger(days.usage, jobs.usage))];
  }
  const findings: Finding[] = [];
  const daysOver = excess(days.usage, lifetime, days.count);
  if (daysOver !== undefined) {
    const what = 'the days add up to more than the lifetime total';
    const cause = 'the user was reset while days were kept, or a write of the total failed';
    findings.push(findingOf('days_exceed_lifetime', about, [what, cause], daysOver));
  }
  // A job knows its bytes and seconds, not how often it was counted.
  const jobsOver = excess(metered(jobs.usage), lifetime, jobs.count);
  if (jobsOver !== undefined) {
    const what = 'the jobs add up to more than the lifetime total';
    const cause = 'the user was reset while jobs were kept, or a write of the total failed';
    findings.push(findingOf('jobs_exceed_lifetime', about, [what, cause], jobsOver));
  }
  const belowDays = excess(metered(days.usage), jobs.usage, days.count + jobs.count);
  const belowLifetime = excess(metered(lifetime), jobs.usage, jobs.count);
  if (belowDays !== undefined) {
    const what = 'the jobs add up to less than the days';
    const cause = 'retries overwrote the figures of their job, or jobs have no user';
    findings.push(findingOf('jobs_below_days', about, [what, cause], belowDays));
  } else if (belowLifetime !== undefined) {
    const what = 'the jobs add up to less than the lifetime total';
    const cause = 'jobs have expired after a year, or retries overwrote the figures of their job';
    findings.push(findingOf('jobs_below_lifetime', about, [what, cause], belowLifetime));
  }
  return findings;
}

/** Returns the difference in exact US dollars. */
export function costOfDifference(pricing: Pricing, { difference }: Finding): Decimal | undefined {
  return difference === undefined ? undefined : costOf(pricing, difference);
}

/**
 * Returns by how much each counter of `a` is above that of `b`; `undefined` where none is. Each of the
 * `records` has its seconds rounded to 6 places, so that a microsecond for each means nothing.
 */
function excess(a: Usage, b: Usage, records: number): Usage | undefined {
  const dust = BigInt(records + 1);
  const difference = usageOf((counter) => {
    const more = a[counter] - b[counter];
    return more > (counter === 'microseconds' ? dust : 0n) ? more : 0n;
  });
  return Object.values(difference).some((value) => value !== 0n) ? difference : undefined;
}

function metered({ bytes, microseconds }: Usage): Usage {
  return { ...NO_USAGE, bytes, microseconds };
}

function larger(a: Usage, b: Usage): Usage {
  return usageOf((counter) =>
    [a[counter], b[counter]].reduce((most, value) => (value > most ? value : most), 0n),
  );
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
  return {
    ...{ severity, kind, user_id: userId, key, what, cause },
    difference:
      difference === undefined
        ? null
        : { ...usageAnswer(difference), ...costMembers(costOf(pricing, difference)) },
  };
}
