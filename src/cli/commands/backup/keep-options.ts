import type { RetentionPolicy } from '../../../repository/retention/policy.js';
import type { OptionSpecs, OptionValues } from '../../argv/option-specs.js';
import { parseCount } from '../../values/count.js';

/** The rules of which backups are kept, or chosen. */

export const keepOptions = {
  keepDays: count(
    'everything newer than n days (default: BACKUP_RETENTION_DAYS, if no --keep is given)',
  ),
  keepLast: count('the newest n backups'),
  keepHourly: count('the newest of each of the last n hours with a backup'),
  keepDaily: count('the newest of each of the last n days (UTC) with a backup'),
  keepWeekly: count('the newest of each of the last n weeks (ISO 8601) with a backup'),
  keepMonthly: count('the newest of each of the last n months with a backup'),
  keepYearly: count('the newest of each of the last n years with a backup'),
} as const satisfies OptionSpecs;

/**
 * Returns the policy of the options; `undefined` if none is given. Any of them takes the place of the
 * setting: with both, --keep-last 3 would keep a month.
 */
export function policyIn(keeps: OptionValues<typeof keepOptions>): RetentionPolicy | undefined {
  const policy: RetentionPolicy = {
    days: keeps.keepDays,
    last: keeps.keepLast,
    hourly: keeps.keepHourly,
    daily: keeps.keepDaily,
    weekly: keeps.keepWeekly,
    monthly: keeps.keepMonthly,
    yearly: keeps.keepYearly,
  };
  return Object.values(policy).some((kept) => kept !== undefined) ? policy : undefined;
}

function count(what: string) {
  return { value: 'n', description: `keep ${what}`, parse: parseCount } as const;
}
