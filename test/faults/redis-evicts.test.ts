import { describe, expect, it } from 'vitest';
import { BillingRecords, dayFromToday } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';
import { REPORTS } from '../helpers/redis-refusals.js';
import { useRedis } from '../helpers/use-redis.js';

interface Audit {
  status: string;
  findings: { severity: string; kind: string; what: string; cause: string }[];
}

const used = useRedis({ args: ['--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-lru'] });
const env = () => ({ REDIS_URL: used.server.url });
const asReader = async () => {
  const rights = ['on', '>pw', '~*', '+@read', '+@connection'];
  await used.redis.call('ACL', 'SETUSER', 'reader', 'reset', ...rights);
  return { REDIS_URL: used.server.url.replace('redis://', 'redis://reader:pw@') };
};
const reports = REPORTS.filter(([, name]) => name !== 'audit');
const evictionsOf = ({ findings }: Audit) => findings.filter(({ kind }) => kind.includes('evict'));

/** Writes until keys have been evicted, and then what the reports ask for. */
async function evict(): Promise<void> {
  const records = new BillingRecords(used.redis);
  const value = 'x'.repeat(100_000);
  while ((await evictedKeys()) === 0) {
    for (let n = 0; n < 50; n++) await used.redis.set(`other:${n}:${Date.now()}`, value);
  }
  await used.redis.flushall();
  const usage = { bytes_processed: 5 };
  await records.tracked('alice', { day: dayFromToday(0), job: '4711', usage });
}

async function evictedKeys(): Promise<number> {
  return Number(/evicted_keys:(\d+)/.exec(await used.redis.info('stats'))?.[1]);
}

describe('a Redis that may evict', () => {
  it.each(reports.map((args) => [args]))('is warned of by %j', async (args) => {
    await used.redis.config('RESETSTAT');
    await new BillingRecords(used.redis).job('4711', { user_id: 'alice', bytes_processed: 1 });
    const { exitCode, stderr } = await run(args, { env: env() });
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      'Redis evicts keys when its memory is full (maxmemory-policy allkeys-lru)',
    );
    expect(stderr).toContain('set maxmemory-policy noeviction');
  });

  it('is a note of the audit', async () => {
    await used.redis.config('RESETSTAT');
    const { exitCode, answer, stderr } = await runJson<Audit>(['billing', 'audit'], { env: env() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(evictionsOf(answer)).toMatchObject([{ severity: 'note', kind: 'may_evict' }]);
  });

  it('is passed over where INFO is refused', async () => {
    await evict();
    for (const args of REPORTS) {
      const { exitCode, stderr } = await run(args, { env: await asReader() });
      expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
    }
  });
});

describe('a Redis that has evicted keys', () => {
  it('is warned of by each report, also when its policy has been set right', async () => {
    await evict();
    const says = `Redis has evicted ${await evictedKeys()} keys since it started`;
    for (const args of reports) {
      const { exitCode, stderr } = await run(args, { env: env() });
      expect({ args, exitCode }).toEqual({ args, exitCode: 0 });
      expect(stderr).toContain(`${says} (maxmemory-policy allkeys-lru): counters may be lost`);
    }
    await used.redis.config('SET', 'maxmemory-policy', 'noeviction');
    const { stderr } = await run(['billing', 'all-users'], { env: env() });
    expect(stderr).toContain(`${says}: counters may be lost`);
    await used.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  });

  it('is drift in the audit of all users, and of one', async () => {
    await evict();
    for (const args of [['audit'], ['audit', 'alice']]) {
      const { exitCode, answer } = await runJson<Audit>(['billing', ...args], { env: env() });
      expect(exitCode).toBe(5);
      expect(answer.status).toBe('drift');
      expect(evictionsOf(answer)).toMatchObject([{ severity: 'drift', kind: 'evicted_keys' }]);
    }
  });
});

describe('a Redis without a limit, or without eviction', () => {
  it.each([
    ['0', 'allkeys-lru'],
    ['8mb', 'noeviction'],
  ])('is not warned of: maxmemory %s, %s', async (maxmemory, policy) => {
    await used.redis.config('SET', 'maxmemory', maxmemory);
    await used.redis.config('SET', 'maxmemory-policy', policy);
    await used.redis.config('RESETSTAT');
    const { exitCode, stderr } = await run(['billing', 'all-users'], { env: env() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
