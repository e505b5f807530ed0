import * as v from 'valibot';
import { FINDING_KINDS } from '../../billing/finding-kinds.js';

/** The documents of `billing` commands; see src/billing/answers.ts. Integers may exceed 2^53. */
const integer = v.union([v.pipe(v.number(), v.integer()), v.bigint()]);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const nullableInteger = v.nullable(integer);

const usage = {
  bytes_processed: integer,
  compute_seconds: v.number(),
  job_count: integer,
  jobs_completed: integer,
  jobs_failed: integer,
  jobs_skipped: integer,
};

const counterProblem = v.looseObject({});
const problems = v.array(counterProblem);

const month = v.strictObject({
  month: v.string(),
  state: v.picklist(['open', 'final', 'expired']),
  bytes_processed: nullableInteger,
  compute_seconds: v.nullable(v.number()),
  job_count: nullableInteger,
  gross_cost: v.nullable(v.number()),
  gross_cost_exact: v.nullable(v.string()),
  discount_percent: v.nullable(v.number()),
  discount_threshold: v.nullable(v.number()),
  discount: v.nullable(v.number()),
  net_cost: v.nullable(v.number()),
  net_cost_exact: v.nullable(v.string()),
});

const summary = {
  user_id: v.string(),
  ...usage,
  bytes_processed_gb: v.number(),
  compute_hours: v.number(),
  estimated_cost: v.number(),
  estimated_cost_exact: v.string(),
};

export const summaryDocument = v.strictObject({ ...summary, month, problems });

export const dailyDocument = v.strictObject({
  user_id: v.string(),
  start_date: v.string(),
  end_date: v.string(),
  daily_usage: v.array(
    v.strictObject({ date: v.string(), ...usage, cost: v.number(), cost_exact: v.string() }),
  ),
  totals: v.strictObject({ ...usage, cost: v.number(), cost_exact: v.string() }),
  expired_until: v.nullable(v.string()),
  problems,
});

export const jobDocument = v.strictObject({
  job_id: v.string(),
  user_id: v.nullable(v.string()),
  bytes_processed: integer,
  bytes_processed_mb: v.number(),
  compute_seconds: v.number(),
  status: v.nullable(v.string()),
  timestamp: v.nullable(v.string()),
  completed_at: v.nullable(v.string()),
  job_cost: v.number(),
  job_cost_exact: v.string(),
  metadata: v.unknown(),
  problems,
});

export const allUsersDocument = v.strictObject({
  total_users: v.pipe(v.number(), v.integer()),
  month: v.optional(v.string()),
  users: v.array(v.strictObject({ ...summary, month: v.optional(month) })),
  totals: v.looseObject({
    ...usage,
    estimated_cost: v.number(),
    estimated_cost_exact: v.string(),
  }),
  problems,
});

export const auditDocument = v.strictObject({
  user_id: v.pipe(v.nullable(v.string()), v.description('null: all users were audited')),
  status: v.picklist(['ok', 'drift']),
  checked: v.strictObject({ users: count, days: count, jobs: count }),
  findings: v.array(
    v.strictObject({
      severity: v.picklist(['drift', 'note']),
      kind: v.picklist(FINDING_KINDS),
      user_id: v.nullable(v.string()),
      key: v.nullable(v.string()),
      what: v.string(),
      cause: v.string(),
      difference: v.nullable(
        v.strictObject({ ...usage, cost: v.number(), cost_exact: v.string() }),
      ),
    }),
  ),
  drift: v.pipe(count, v.description('the number of all such findings, also of those not listed')),
  notes: v.pipe(count, v.description('the number of all notes, also of those not listed')),
});

/** Decimals in text, to the last digit. */
export const pricesDocument = v.strictObject({
  rate_per_gib: v.string(),
  rate_per_second: v.string(),
  discount_enabled: v.boolean(),
  discount_mode: v.picklist(['volume', 'graduated']),
  tiers: v.array(v.strictObject({ threshold: v.string(), percent: v.string() })),
});
