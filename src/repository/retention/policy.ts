import { countOf } from '../../count-of.js';
import { MangamotionError } from '../../errors.js';
import { DAY_MS, PERIODS, type Period, periodOf } from './periods.js';

/**
 * The retention policy. A backup is kept if any rule keeps it. The rules are those of `restic
 * forget`: N counts the periods that have a backup, and the newest of each is kept. A rule that is
 * 0 or absent keeps nothing.
 */
export interface RetentionPolicy extends Readonly<Partial<Record<Period, number | undefined>>> {
  /** Keep every backup younger than this many days of 24 hours. */
  readonly days?: number | undefined;
  readonly last?: number | undefined;
}

const RULES = ['days', 'last', ...PERIODS] as const;

/** Throws `usage` for a policy that keeps nothing or has an invalid number. */
export function refuseFoolishPolicy(policy: RetentionPolicy): void {
  for (const rule of RULES) {
    const count = policy[rule];
    if (count === undefined || (Number.isSafeInteger(count) && count >= 0)) continue;
    throw new MangamotionError('usage', `--keep-${rule} must be a whole number, 0 or more`);
  }
  if (RULES.some((rule) => (policy[rule] ?? 0) > 0)) return;
  throw new MangamotionError('usage', 'this policy keeps nothing: every --keep option is 0', {
    hint: 'Set at least one of them to a number above 0, such as --keep-last 7.',
  });
}

export interface DatedBackup {
  readonly id: string;
  readonly createdAt: Date;
}

/** Whether a backup is younger than the policy's days. A backup from the future counts as young. */
export function isWithinDays(
  { createdAt }: DatedBackup,
  { days = 0 }: RetentionPolicy,
  now: Date,
): boolean {
  return days > 0 && now.getTime() - createdAt.getTime() < days * DAY_MS;
}

export function withinDays({ days = 0 }: RetentionPolicy): string {
  return `within ${countOf(days, 'day')}`;
}

/**
 * Returns why the policy keeps each backup; the others are absent. `backups` are sorted oldest
 * first by sequence. The newest of a period is the one with the highest sequence, whatever the
 * clock said: a clock that was set back does not open a period twice.
 */
export function keptByPolicy(
  backups: readonly DatedBackup[],
  policy: RetentionPolicy,
  now: Date,
): Map<string, string[]> {
  const kept = new Map<string, string[]>();
  const keep = ({ id }: DatedBackup, reason: string): void => {
    kept.set(id, [...(kept.get(id) ?? []), reason]);
  };
  const newestFirst = [...backups].reverse();
  for (const backup of newestFirst) {
    if (isWithinDays(backup, policy, now)) keep(backup, withinDays(policy));
  }
  const { last = 0 } = policy;
  for (const backup of newestFirst.slice(0, last)) keep(backup, `last ${last}`);
  for (const period of PERIODS) {
    const seen = new Set<string>();
    for (const backup of newestFirst) {
      if (seen.size >= (policy[period] ?? 0)) break;
      const name = periodOf(period, backup.createdAt);
      if (seen.has(name)) continue;
      seen.add(name);
      keep(backup, `${period} ${name}`);
    }
  }
  return kept;
}
