import { REDIS_ADDRESS_SETTING } from '../config/hints.js';
import { MangamotionError } from '../errors.js';
import { withDeadline, withTranslatedErrors, type RedisReader } from '../redis/reader.js';
import { summariseAllUsers } from './all-users.js';
import type { DayAnswer, JobAnswer, SummaryAnswer } from './answers.js';
import { dailyAnswer, jobAnswer, summaryAnswer } from './answers.js';
import type { Day } from './calendar.js';
import { dayOf, monthOf, parseDay } from './calendar.js';
import { readDailyUsage } from './daily-usage.js';
import type { JobStatus, TrackedEvent } from './event.js';
import { bytesEvent, checkId, completionEvent, computeEvent } from './event.js';
import { readJobDetails } from './job-records.js';
import { userKey } from './keys.js';
import type { PricingSettings } from './pricing.js';
import { createPricing } from './pricing.js';
import type { Tracked } from './tracker.js';
import { track } from './tracker.js';
import { summariseUser } from './user-summary.js';

export interface TrackOptions {
  /**
   * Identifies a call, so that it counts once within 24 hours even if it is repeated. Calls of another kind,
   * or for another job, may have the same id.
   */
  eventId?: string | undefined;
}

/**
 * Metering and its reports. Every function rejects with a MangamotionError: `usage` for invalid
 * arguments, `unreachable` and `access_denied` for failures of Redis, `damaged` where a counter does not
 * hold a number. Nothing has been written then, with one exception: a tracking call that ends with
 * `unreachable` may have counted. Repeat it with the same `eventId`.
 */
export interface Billing {
  /** Adds bytes (whole, from 0; a bigint up to 2^63-1) to the user, today (UTC) and the job. */
  trackBytesProcessed(
    userId: string,
    bytes: number | bigint,
    jobId: string,
    options?: TrackOptions,
  ): Promise<Tracked>;
  /** Adds seconds of computing, rounded to 6 decimal places. */
  trackComputeSeconds(
    userId: string,
    seconds: number,
    jobId: string,
    options?: TrackOptions,
  ): Promise<Tracked>;
  /** Counts a job that ended. `metadata` is kept with the job, as JSON. */
  trackJobCompletion(
    userId: string,
    jobId: string,
    status: JobStatus,
    metadata?: Readonly<Record<string, unknown>>,
    options?: TrackOptions,
  ): Promise<Tracked>;
  /** Resolves to lifetime totals and the current month; zeros for an unknown user. */
  getUserBillingSummary(userId: string): Promise<SummaryAnswer>;
  /**
   * Resolves to the days on which something was used, from `start` to `end`, both included. A day is
   * `YYYY-MM-DD`, or an instant (a Date, or text in RFC 3339), which counts as its day in UTC.
   */
  getUserDailyUsage(userId: string, start: string | Date, end: string | Date): Promise<DayAnswer[]>;
  /** Resolves to `null` for an unknown job. */
  getJobBillingDetails(jobId: string): Promise<JobAnswer | null>;
  /** Resolves to all users, the highest cost first. All of them are in memory at once. */
  getAllUsersBillingSummary(): Promise<SummaryAnswer[]>;
  /** Removes the lifetime totals of a user; days and jobs stay. Resolves to true. */
  resetUserBilling(userId: string): Promise<boolean>;
}

export interface BillingOptions {
  /**
   * A connection of ioredis, without keyPrefix. With its option `autoResendUnfulfilledCommands`, which
   * is on by default, a call without `eventId` may count twice when the connection breaks.
   */
  redis: RedisReader;
  /** Rates and discounts; the default is that of the BILLING_* variables. */
  pricing?: Partial<PricingSettings> | undefined;
  /** Returns the current time, which decides the day that is counted and the current month. */
  clock?: (() => Date) | undefined;
  /** How long daily counters live; 90 days by default. */
  retentionDays?: number | undefined;
  /** If false, the tracking functions only check their arguments. */
  enabled?: boolean | undefined;
  /** The timeout for an answer of Redis; 10 s by default. */
  timeoutMs?: number | undefined;
}

export const DEFAULT_PRICING: PricingSettings = {
  ratePerGib: '0.001',
  ratePerSecond: '0.0001',
  discountEnabled: true,
  discountMode: 'volume',
  tiers: [
    { threshold: '100', percent: '10' },
    { threshold: '500', percent: '20' },
    { threshold: '2000', percent: '30' },
  ],
};
const RETENTION_DAYS = 90;
const TIMEOUT_MS = 10_000;

/** Creates the functions over a connection, which the caller closes. */
export function createBilling(options: BillingOptions): Billing {
  const { clock = () => new Date(), retentionDays = RETENTION_DAYS, enabled = true } = options;
  const { timeoutMs = TIMEOUT_MS } = options;
  refuseKeyPrefix(options.redis);
  checkRetention(retentionDays);
  const redis = withDeadline(
    withTranslatedErrors(options.redis, {
      text: 'the given connection',
      setting: REDIS_ADDRESS_SETTING,
    }),
    timeoutMs,
  );
  const pricing = createPricing({ ...DEFAULT_PRICING, ...options.pricing });
  const period = () => ({ today: dayOf(clock()), retentionDays });

  const count = async (event: TrackedEvent, { eventId }: TrackOptions): Promise<Tracked> => {
    if (eventId !== undefined) checkId('the event id', eventId);
    if (!enabled) return { counted: false };
    return await track(redis, { event, eventId, now: clock(), retentionDays });
  };

  return {
    trackBytesProcessed: async (userId, bytes, jobId, given = {}) =>
      await count(bytesEvent(userId, bytes, jobId), given),
    trackComputeSeconds: async (userId, seconds, jobId, given = {}) =>
      await count(computeEvent(userId, seconds, jobId), given),
    trackJobCompletion: async (userId, jobId, status, metadata = {}, given = {}) =>
      await count(completionEvent(userId, jobId, status, metadata, clock()), given),
    getUserBillingSummary: async (userId) => {
      checkId('the user id', userId);
      const { today } = period();
      const request = { ...period(), pricing };
      return summaryAnswer(await summariseUser(redis, userId, monthOf(today), request));
    },
    getUserDailyUsage: async (userId, start, end) => {
      checkId('the user id', userId);
      const range = { ...period(), start: dayIn(start), end: dayIn(end), fill: false };
      const usage = await readDailyUsage(redis, userId, range);
      return dailyAnswer(pricing, usage).daily_usage;
    },
    getJobBillingDetails: async (jobId) => {
      checkId('the job id', jobId);
      const details = await readJobDetails(redis, jobId, pricing);
      return details === undefined ? null : jobAnswer(details);
    },
    getAllUsersBillingSummary: async () => {
      const { users } = await summariseAllUsers(redis, {
        ...{ ...period(), pricing, month: undefined, sort: 'cost', top: undefined },
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      const answers: SummaryAnswer[] = [];
      for await (const user of users) answers.push(summaryAnswer(user));
      return answers;
    },
    resetUserBilling: async (userId) => {
      checkId('the user id', userId);
      await redis.call('DEL', userKey(userId));
      return true;
    },
  };
}

function refuseKeyPrefix(redis: RedisReader): void {
  const { options } = redis as { options?: { keyPrefix?: unknown } };
  if (options?.keyPrefix === undefined || options.keyPrefix === '') return;
  throw new MangamotionError('configuration', 'the connection to Redis must have no keyPrefix');
}

/** Checks the limits of BILLING_RETENTION_DAYS, beyond which EXPIRE fails or removes the day at once. */
function checkRetention(days: number): void {
  if (Number.isInteger(days) && days >= 1 && days <= 100_000) return;
  throw new MangamotionError('configuration', 'retentionDays must be a number of days, at least 1');
}

function dayIn(value: string | Date): Day {
  if (typeof value === 'string' && parseDay(value) !== undefined) return value;
  // `new Date` accepts February 30, `1` and null.
  const isInstant = typeof value === 'string' && RFC3339_START.test(value);
  const isDay = isInstant && parseDay(value.slice(0, 'YYYY-MM-DD'.length)) !== undefined;
  const instant = isDay || value instanceof Date ? new Date(value) : new Date(NaN);
  if (!Number.isNaN(instant.getTime())) return dayOf(instant);
  throw new MangamotionError('usage', 'a day must be YYYY-MM-DD, or an instant');
}

const RFC3339_START = /^\d{4}-\d\d-\d\d[T ]/i;
