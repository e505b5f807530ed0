import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBilling } from '../../src/billing/billing.js';
import { BillingRecords } from '../helpers/billing-records.js';
import { removeAtExit } from '../helpers/child-processes.js';
import { run } from '../helpers/cli.js';
import { type RedisCluster, startRedisCluster } from '../helpers/redis-cluster.js';
import { PASSWORD, expectRefusal } from '../helpers/redis-refusals.js';
import { startRedisServer } from '../helpers/redis-server.js';

/** Every command that asks for the names of keys. */
const SCANS: readonly (readonly string[])[] = [
  ['billing', 'all-users'],
  ['billing', 'all-users', '--month', new Date().toISOString().slice(0, 7)],
  ['billing', 'audit'],
  ['billing', 'audit', 'user-1'],
  ['billing', 'reset', 'user-1', '--all', '--dry-run'],
  ['jobs', 'list'],
  ['jobs', 'list', '--user', 'user-1'],
  ['jobs', 'index', '--remove', '--dry-run'],
];
const REFUSAL = { code: 'unreachable', says: 'is part of a cluster' } as const;

let cluster: RedisCluster;
/** The address of a node, for a user with these rights where they are given. */
const urlOf = async (node: number, rights?: string): Promise<string> => {
  const { url } = cluster.nodes[node]?.server ?? { url: '' };
  if (rights === undefined) return url;
  await cluster.nodes[node]?.redis.call(
    ...['ACL', 'SETUSER', 'reader', 'reset', 'on', `>${PASSWORD}`, '~*'],
    ...rights.split(' '),
  );
  return url.replace('redis://', `redis://reader:${PASSWORD}@`);
};

beforeAll(async () => {
  cluster = await startRedisCluster();
  for (let user = 0; user < 20; user++) {
    const node = cluster.nodes[await cluster.nodeOf(`billing:user:user-${user}`)];
    if (node !== undefined)
      await new BillingRecords(node.redis).user(`user-${user}`, { job_count: 1 });
  }
});
afterAll(() => cluster.stop());

describe('a node of a cluster', () => {
  it.each([0, 1])('(%i) has only a part of the users', async (node) => {
    expect(await cluster.nodes[node]?.redis.dbsize()).toBeGreaterThan(0);
    expect(await cluster.nodes[node]?.redis.dbsize()).toBeLessThan(20);
  });

  it.each(SCANS.map((args) => [args]))('is refused by %j', async (args) => {
    for (const node of [0, 1]) await expectRefusal(args, { REDIS_URL: await urlOf(node) }, REFUSAL);
  });

  it.each([
    ['HELLO', '+@all -info'],
    ['INFO, where HELLO is refused', '+@all -hello'],
  ])('is told by %s', async (_name, rights) => {
    const env = { REDIS_URL: await urlOf(0, rights) };
    await expectRefusal(['billing', 'all-users'], env, REFUSAL);
  });

  it('is told by MOVED where neither is permitted, and for a command that scans nothing', async () => {
    const env = { REDIS_URL: await urlOf(0, '+@read +@connection -hello') };
    let moved = 0;
    while ((await cluster.nodeOf(`billing:job:${moved}`)) === 0) moved += 1;
    await expectRefusal(['billing', 'job', String(moved)], env, REFUSAL);
    // The days of a month lie all over the cluster.
    await expectRefusal(['billing', 'summary', 'user-1'], env, REFUSAL);
  });

  it('is refused for what changes counters', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mangamotion-cluster-'));
    removeAtExit(folder);
    const env = { REDIS_URL: await urlOf(0) };
    const track = ['billing', 'track', 'bytes', 'user-1', '1', '4711'];
    await expectRefusal(track, env, REFUSAL, folder);
    await expectRefusal(['billing', 'reset', 'user-1', '--all', '--yes'], env, REFUSAL, folder);
  });

  it.each([2, 3] as const)('is refused by the library, in RESP%i', async (protocol) => {
    const redis = new Redis(await urlOf(0), { protocol });
    await expect(createBilling({ redis }).getAllUsersBillingSummary()).rejects.toMatchObject({
      code: 'unreachable',
      message: 'Redis at the given connection is part of a cluster, which is not supported',
    });
    redis.disconnect();
  });
});

describe('a Redis that is no cluster', () => {
  it('is read where HELLO and INFO are refused', async () => {
    const server = await startRedisServer({
      args: ['--rename-command', 'HELLO', '', '--rename-command', 'INFO', ''],
    });
    const { exitCode, stderr } = await run(['billing', 'all-users'], {
      env: { REDIS_URL: server.url },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await server.stop();
  });
});
