import type { AuditDocument } from '../data/documents.js';

/** What the findings of the audit mean, and what to do about them. */

export type Finding = AuditDocument['findings'][number];
type Kind = Finding['kind'];

interface Meaning {
  title: string;
  means: string;
  remedy: string;
}

const NOTHING = 'Nothing.';

const MEANINGS: Readonly<Record<Kind, Meaning>> = {
  days_exceed_lifetime: {
    title: 'The days add up to more than the lifetime total',
    means:
      'The lifetime total lacks usage that its days have. Bills of a month are made of the days, and have it.',
    remedy:
      'If somebody reset the user on purpose and kept the days, nothing is missing. Otherwise look in the logs of the workers for writes to Redis that failed.',
  },
  jobs_exceed_lifetime: {
    title: 'The jobs add up to more than the lifetime total',
    means: 'The lifetime total lacks usage that jobs were charged with.',
    remedy:
      'If somebody reset the user on purpose and kept the jobs, nothing is missing. Otherwise look in the logs of the workers for writes to Redis that failed, and compare the bill of the month with the jobs.',
  },
  no_user_record: {
    title: 'A user has usage, but no lifetime total',
    means: 'The user is missing from the list of users and from its sums.',
    remedy:
      'If somebody reset the user on purpose, “billing reset” with --all removes the rest too. Otherwise the file that the reset wrote has what was removed.',
  },
  not_a_number: {
    title: 'A counter is not a number',
    means: 'It counts as 0, so that the user is billed too little.',
    remedy: 'Find the program that wrote it, and put the right number in its place.',
  },
  not_a_hash: {
    title: 'A record cannot be read',
    means: 'A program wrote something else under its key. It counts as 0.',
    remedy: 'Find that program, and put the record back in its place.',
  },
  negative: {
    title: 'A counter is negative',
    means: 'It counts, and lowers the sums and the bill.',
    remedy:
      'If somebody wrote it to correct a bill, nothing. Otherwise put the right number there.',
  },
  future_day: {
    title: 'A day lies in the future',
    means: 'Its usage is billed on the wrong day, and perhaps in the wrong month.',
    remedy: 'Set the clock of the worker.',
  },
  evicted_keys: {
    title: 'Redis has removed records to make room',
    means: 'Counters may be lost, and bills too small. Nobody can tell whose.',
    remedy:
      'Set maxmemory-policy to noeviction and give Redis more memory. CONFIG RESETSTAT ends this finding.',
  },
  jobs_below_days: {
    title: 'The jobs add up to less than the days',
    means:
      'A retry overwrites the figures of its job, and the day has both. The day is what is billed.',
    remedy: NOTHING,
  },
  jobs_below_lifetime: {
    title: 'The jobs add up to less than the lifetime total',
    means: 'Jobs are forgotten after a year, and retries overwrite the figures of their job.',
    remedy: NOTHING,
  },
  job_without_user: {
    title: 'A job names no user',
    means: 'It ended before it had processed any bytes, and is on no bill.',
    remedy: NOTHING,
  },
  without_expiry: {
    title: 'A record never expires',
    means:
      'The worker stopped before it had set a time. The record takes memory, and changes no bill.',
    remedy: NOTHING,
  },
  undefined_id: {
    title: 'A record has no id',
    means: 'A worker left out the id of a user or of a job, so that several share one record.',
    remedy: 'Correct the worker. Who used what is written in its log, if anywhere.',
  },
  odd_key: {
    title: 'A key is not a record of billing',
    means: 'It begins like one. It is on no bill.',
    remedy: 'Find the program that writes it.',
  },
  may_evict: {
    title: 'Redis may remove records to make room',
    means: 'Once its memory is full, counters get lost.',
    remedy: 'Set maxmemory-policy to noeviction, and give Redis enough memory.',
  },
};

/** Findings of one kind. */
export interface FindingGroup extends Meaning {
  kind: Kind;
  findings: Finding[];
}

/** Returns the findings of a severity by kind, in the order in which the kinds come. */
export function groupsOf(
  findings: readonly Finding[],
  severity: Finding['severity'],
): FindingGroup[] {
  const groups = new Map<Kind, FindingGroup>();
  for (const finding of findings) {
    if (finding.severity !== severity) continue;
    const { kind } = finding;
    const group = groups.get(kind) ?? { kind, ...MEANINGS[kind], findings: [] };
    group.findings.push(finding);
    groups.set(kind, group);
  }
  return [...groups.values()];
}
