import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayFromToday, monthFromThis, useBillingRedis } from '../../helpers/billing-records.js';
import { startAnsweringProxy } from '../../helpers/redis-answers.js';
import { startRedisCluster, type RedisCluster } from '../../helpers/redis-cluster.js';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.js';
import { documentOf, useServers } from '../../helpers/serve.js';

const serve = useServers();
const WARNING = 'x-mangamotion-warning';
const EVICTS =
  'Redis evicts keys when its memory is full (maxmemory-policy allkeys-lru): counters may get lost';

describe('a Redis that may evict keys', () => {
  const { records, env } = useBillingRedis([
    ...['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
  ]);

  it('is warned of by every answer about usage, which is otherwise as it was', async () => {
    const usage = { bytes_processed: 5, job_count: 1 };
    await records().tracked('alice', { day: dayFromToday(0), job: 'j1', usage });
    const server = await serve([], env());
    for (const path of [
      'summary?user_id=alice',
      'daily-usage?user_id=alice',
      'daily-usage.csv?user_id=alice',
      'job/j1',
      'all-users',
      'all-users.csv',
    ]) {
      const { status, headers } = await server.get(`/api/billing/${path}`);
      expect([path, status, headers[WARNING]]).toEqual([path, 200, EVICTS]);
    }
    const audit = documentOf(await server.get('/api/billing/audit'));
    expect(audit.findings).toMatchObject([{ kind: 'may_evict' }]);
    const health = await server.get('/api/health');
    expect(health.status).toBe(200);
    expect(documentOf(health)).toMatchObject({
      status: 'healthy',
      checks: { redis: { status: 'healthy', warning: EVICTS } },
    });
  });

  it('asks for it once, however many requests there are', async () => {
    const server = await serve([], env());
    await server.get('/api/billing/summary?user_id=alice');
    await records().redis.config('RESETSTAT');
    for (let i = 0; i < 10; i++) await server.get('/api/billing/summary?user_id=alice');
    expect(await records().redis.info('commandstats')).not.toContain('cmdstat_info:');
  });

  it('is not warned of where it does not tell', async () => {
    const rights = ['on', '>pw', '~*', '+@read', '+@connection'];
    await records().redis.call('ACL', 'SETUSER', 'reader', 'reset', ...rights);
    const { REDIS_URL } = env();
    const asReader = { REDIS_URL: REDIS_URL.replace('redis://', 'redis://reader:pw@') };
    const server = await serve([], asReader);
    const { status, headers } = await server.get('/api/billing/summary?user_id=alice');
    expect([status, headers[WARNING]]).toEqual([200, undefined]);
    expect((await server.get('/api/health')).status).toBe(200);
  });
});

describe('a Redis that keeps all keys', () => {
  const { records, env } = useBillingRedis();

  it('is not warned of', async () => {
    const server = await serve([], env());
    const { headers } = await server.get('/api/billing/all-users');
    expect(headers[WARNING]).toBeUndefined();
    const { checks } = documentOf(await server.get('/api/health'));
    expect(checks).toMatchObject({ redis: { status: 'healthy' } });
    expect(JSON.stringify(checks)).not.toContain('warning');
  });

  it('rows tell of what only the document has: problems, and what has expired', async () => {
    await records().user('alice', { bytes_processed: 'many' });
    await records().day('alice', dayFromToday(0), { bytes_processed: 'many' });
    const server = await serve([], env());
    const get = async (path: string, accept = 'text/csv') =>
      (await server.get(`/api/billing/${path}`, { accept })).headers[WARNING];
    const problem = '1 problem in the counters: the JSON document lists them';
    expect(await get('all-users')).toBe(problem);
    expect(await get('all-users', 'application/json')).toBeUndefined();
    expect(await get('daily-usage?user_id=alice')).toBe(problem);
    const old = monthFromThis(-30);
    expect(await get(`all-users?month=${old}`)).toContain(`the counters of ${old} have expired`);
    expect(await get(`daily-usage?user_id=alice&start_date=${old}-01`)).toMatch(
      /^counters up to \d{4}-\d\d-\d\d have expired; 1 problem/,
    );
  });
});

describe('a node of a cluster', () => {
  let cluster: RedisCluster;
  let plain: RedisServer;
  beforeAll(async () => {
    cluster = await startRedisCluster();
    plain = await startRedisServer();
  });
  afterAll(async () => {
    await cluster.stop();
    await plain.stop();
  });
  const reason = 'is a node of a cluster, which has only a part of the keys';

  it('is unhealthy, as the reports that list keys are refused', async () => {
    const server = await serve([], { REDIS_URL: cluster.nodes[0]?.server.url ?? '' });
    expect((await server.get('/api/billing/all-users')).status).toBe(503);
    const health = await server.get('/api/health');
    expect(health.status).toBe(503);
    expect(documentOf(health).checks).toMatchObject({ redis: { status: 'unhealthy', reason } });
  });

  it('is unhealthy too if it does not tell its mode', async () => {
    const { redis, server: node } = cluster.nodes[1] ?? {};
    const rights = ['on', '>pw', '~*', '+@read', '+ping', '-info', '-hello'];
    await redis?.call('ACL', 'SETUSER', 'reader', 'reset', ...rights);
    const url = node?.url.replace('redis://', 'redis://reader:pw@') ?? '';
    const server = await serve([], { REDIS_URL: url });
    const health = await server.get('/api/health');
    expect(documentOf(health).checks).toMatchObject({ redis: { status: 'unhealthy', reason } });
  });

  it('a server that tells no mode at all may not have all keys', async () => {
    const proxy = await startAnsweringProxy(plain.url, ([command]) =>
      /^(?:hello|exists)$/i.test(command ?? '')
        ? "-NOPERM this user has no permissions to run the '" + String(command) + "' command\r\n"
        : /^info$/i.test(command ?? '')
          ? '-NOPERM no\r\n'
          : undefined,
    );
    const server = await serve([], { REDIS_URL: proxy.url });
    const health = documentOf(await server.get('/api/health'));
    await proxy.close();
    expect(health.checks).toMatchObject({
      redis: { status: 'unhealthy', reason: 'does not tell whether it has all keys' },
    });
  });
});
