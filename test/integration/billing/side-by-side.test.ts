import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { randomFrom } from '../../helpers/seed.js';
import { todaysWriter } from '../../helpers/todays-writer.js';
import { useRedis } from '../../helpers/use-redis.js';

const NOON = new Date('2026-11-24T12:00:00.000Z');
const DAY = 'billing:daily:u:2026-11-24';
const used = useRedis();
const clock = () => NOON;

it('leaves the keys, fields, types and lives that the backend leaves', async () => {
  const { redis } = used;
  const backend = todaysWriter(redis, clock);
  await backend.trackBytesProcessed('u', 1500, 'j');
  await backend.trackComputeSeconds('u', 12.5, 'j');
  await backend.trackJobCompletion('u', 'j', 'completed');
  const written = await everything(redis);
  await redis.flushall();
  const billing = createBilling({ redis, clock });
  await billing.trackBytesProcessed('u', 1500, 'j');
  await billing.trackComputeSeconds('u', 12.5, 'j');
  await billing.trackJobCompletion('u', 'j', 'completed');
  expect(await everything(redis)).toEqual(written);
});

it('adds up with a backend that meters the same user at the same time', async () => {
  const redis = new Redis(used.server.url);
  const writers = [todaysWriter(redis, clock), createBilling({ redis: used.redis, clock })];
  const random = randomFrom('side by side');
  let bytes = 0n;
  let microseconds = 0;
  let jobs = 0;
  await Promise.all(
    writers.map(async (writer, index) => {
      for (let n = 0; n < 200; n++) {
        const job = `${index}-${n}`;
        const some = Math.floor(random() * 2 ** 40);
        const long = Math.floor(random() * 1e9);
        bytes += BigInt(some);
        microseconds += long;
        jobs += 1;
        await writer.trackBytesProcessed('u', some, job);
        await writer.trackComputeSeconds('u', long / 1e6, job);
        await writer.trackJobCompletion('u', job, n % 3 === 0 ? 'failed' : 'completed');
      }
    }),
  );
  redis.disconnect();
  for (const key of ['billing:user:u', DAY]) {
    const counters = await used.redis.hgetall(key);
    expect(counters).toMatchObject({ bytes_processed: String(bytes), job_count: String(jobs) });
    expect(Number(counters.compute_seconds).toFixed(6)).toBe((microseconds / 1e6).toFixed(6));
    const { jobs_completed: completed, jobs_failed: failed } = counters;
    expect([completed, failed]).toEqual(['266', '134']);
  }
  const billing = createBilling({ redis: used.redis, clock });
  expect(await billing.getUserBillingSummary('u')).toMatchObject({ job_count: jobs });
  const records = await used.redis.keys('billing:job:*');
  expect(records).toHaveLength(jobs);
});

it('goes on from a job whose counters the backend has set', async () => {
  await todaysWriter(used.redis, clock).trackBytesProcessed('u', 100, 'j');
  const billing = createBilling({ redis: used.redis, clock });
  await billing.trackBytesProcessed('u', 23, 'j');
  expect(await billing.getJobBillingDetails('j')).toMatchObject({ bytes_processed: 123 });
});

/** Every hash by its key, and its life in days. */
async function everything(redis: Redis): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const key of (await redis.keys('*')).sort()) {
    const days = Math.ceil((await redis.ttl(key)) / 86_400);
    found[key] = { ...(await redis.hgetall(key)), days };
  }
  return found;
}
