/**
 * The severity of each kind of finding. `drift`: counters contradict each other, so that something was
 * billed wrong or not at all. `note`: the backend's own writer leaves this behind, or it may happen.
 */
export const SEVERITY = {
  days_exceed_lifetime: 'drift',
  jobs_exceed_lifetime: 'drift',
  no_user_record: 'drift',
  not_a_number: 'drift',
  not_a_hash: 'drift',
  negative: 'drift',
  future_day: 'drift',
  evicted_keys: 'drift',
  jobs_below_days: 'note',
  jobs_below_lifetime: 'note',
  job_without_user: 'note',
  without_expiry: 'note',
  undefined_id: 'note',
  odd_key: 'note',
  may_evict: 'note',
} as const;

export type FindingKind = keyof typeof SEVERITY;
export const FINDING_KINDS = Object.keys(SEVERITY) as FindingKind[];
export type Severity = (typeof SEVERITY)[FindingKind];
