import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { parseRedisUrl } from '../../../src/config/redis-address.js';
import type { Billing } from '../../../src/index.js';
import { redisTarget } from '../../../src/redis-target.js';
import { LastingConnection } from '../../../src/redis/lasting.js';
import { freePort } from '../../helpers/child-processes.js';
import { startSilentServer } from '../../helpers/cutting-proxy.js';

const TIMEOUT_MS = 300;
const calls: Record<string, (billing: Billing) => Promise<unknown>> = {
  trackBytesProcessed: (billing) => billing.trackBytesProcessed('u', 1, 'j'),
  trackComputeSeconds: (billing) => billing.trackComputeSeconds('u', 1, 'j'),
  trackJobCompletion: (billing) => billing.trackJobCompletion('u', 'j', 'failed'),
  getUserBillingSummary: (billing) => billing.getUserBillingSummary('u'),
  getUserDailyUsage: (billing) => billing.getUserDailyUsage('u', '2026-11-01', '2026-11-24'),
  getJobBillingDetails: (billing) => billing.getJobBillingDetails('j'),
  getAllUsersBillingSummary: (billing) => billing.getAllUsersBillingSummary(),
  resetUserBilling: (billing) => billing.resetUserBilling('u'),
};

let silent: Awaited<ReturnType<typeof startSilentServer>>;
let redis: Redis | undefined;

beforeEach(async () => {
  silent = await startSilentServer();
});
afterEach(async () => {
  redis?.disconnect();
  redis = undefined;
  await silent.close();
});

function over(port: number): Redis {
  redis = new Redis({ port, host: '127.0.0.1' });
  redis.on('error', () => undefined);
  return redis;
}

describe('a server that accepts and never answers', () => {
  it.each(Object.entries(calls))('ends %s with unreachable', async (_name, call) => {
    const billing = createBilling({ redis: over(silent.port), timeoutMs: TIMEOUT_MS });
    await expect(call(billing)).rejects.toMatchObject({
      name: 'MangamotionError',
      code: 'unreachable',
      message: `no answer from Redis within ${TIMEOUT_MS} ms`,
    });
  });

  it.each(['', 'user:password@', ':password@'])(
    'ends the making of a connection as %j too, and of the next one',
    async (login) => {
      const address = parseRedisUrl(`redis://${login}127.0.0.1:${silent.port}/3`);
      if (typeof address === 'string') throw new Error(address);
      const target = redisTarget({ ...address, caPem: undefined });
      const connection = new LastingConnection(target, TIMEOUT_MS);
      for (let call = 0; call < 2; call++) {
        await expect(connection.call('PING')).rejects.toMatchObject({ code: 'unreachable' });
      }
      connection.close();
    },
  );
});

describe('a port where nobody listens', () => {
  it.each(Object.entries(calls))('ends %s with unreachable', async (_name, call) => {
    const billing = createBilling({ redis: over(await freePort()), timeoutMs: TIMEOUT_MS });
    await expect(call(billing)).rejects.toMatchObject({ code: 'unreachable' });
  });
});
