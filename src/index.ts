import type { Billing } from './billing/billing.js';
import { createBilling } from './billing/billing.js';
import { processEnvironment } from './config/environment.js';
import { redisTarget } from './redis-target.js';
import { LastingConnection } from './redis/lasting.js';

/**
 * The library that workers call: metering, and its reports. The functions below share one connection,
 * made at the first call, to the Redis of REDIS_URL, with the rates of the BILLING_* variables (from
 * the environment, else from mangamotion.config.json in the working folder). `createBilling` takes a
 * connection of the caller's instead.
 */

export type { Billing, BillingOptions, TrackOptions } from './billing/billing.js';
export type {
  DayAnswer,
  JobAnswer,
  MonthAnswer,
  SummaryAnswer,
  UsageAnswer,
} from './billing/answers.js';
export type { JobStatus } from './billing/event.js';
export type { PricingSettings } from './billing/pricing.js';
export type { Tracked } from './billing/tracker.js';
export { createBilling } from './billing/billing.js';
export { MangamotionError, type ErrorCode } from './errors.js';

export const trackBytesProcessed: Billing['trackBytesProcessed'] = async (...args) =>
  await (await shared()).trackBytesProcessed(...args);

export const trackComputeSeconds: Billing['trackComputeSeconds'] = async (...args) =>
  await (await shared()).trackComputeSeconds(...args);

export const trackJobCompletion: Billing['trackJobCompletion'] = async (...args) =>
  await (await shared()).trackJobCompletion(...args);

export const getUserBillingSummary: Billing['getUserBillingSummary'] = async (...args) =>
  await (await shared()).getUserBillingSummary(...args);

export const getUserDailyUsage: Billing['getUserDailyUsage'] = async (...args) =>
  await (await shared()).getUserDailyUsage(...args);

export const getJobBillingDetails: Billing['getJobBillingDetails'] = async (...args) =>
  await (await shared()).getJobBillingDetails(...args);

export const getAllUsersBillingSummary: Billing['getAllUsersBillingSummary'] = async (...args) =>
  await (await shared()).getAllUsersBillingSummary(...args);

export const resetUserBilling: Billing['resetUserBilling'] = async (...args) =>
  await (await shared()).resetUserBilling(...args);

/**
 * Closes the connection that the functions above share; the next call makes a new one. A process that
 * has nothing else to do ends without it.
 */
export async function closeBilling(): Promise<void> {
  const closing = opened;
  opened = undefined;
  (await closing)?.connection.close();
}

interface Shared {
  billing: Billing;
  connection: LastingConnection;
}

/** How long the first call of an outage waits for Redis to come back. */
const CONNECT_WAIT_MS = 5_000;

let opened: Promise<Shared> | undefined;

async function shared(): Promise<Billing> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return (await opened).billing;
}

async function open(): Promise<Shared> {
  const { loadConfig } = await import('./config/load.js');
  const { config } = await loadConfig({
    environment: processEnvironment(),
    cwd: process.cwd(),
    envFile: undefined,
    configFile: undefined,
    flags: {},
    only: (name) => /^(REDIS|BILLING)_/.test(name),
  });
  const connection = new LastingConnection(redisTarget(config.redis), CONNECT_WAIT_MS);
  const { enabled, retentionDays, ...pricing } = config.billing;
  return {
    connection,
    billing: createBilling({ redis: connection, pricing, enabled, retentionDays }),
  };
}
