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
import { startAnsweringProxy } from '../helpers/redis-answers.js';
import { PASSWORD, expectRefusal } from '../helpers/redis-refusals.js';
import { type RedisServer, startRedisServer } from '../helpers/redis-server.js';

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

/** Redis permits HELLO to everyone, whatever the rights of a user: without its name nobody can send it. */
const NO_HELLO = ['--rename-command', 'HELLO', ''];

let cluster: RedisCluster;
let silent: RedisCluster;

/** The address of a node, for a user with these rights where they are given. */
async function urlOf({ nodes }: RedisCluster, node: number, rights?: string): Promise<string> {
  const { url } = nodes[node]?.server ?? { url: '' };
  if (rights === undefined) return url;
  await nodes[node]?.redis.call(
    ...['ACL', 'SETUSER', 'reader', 'reset', 'on', `>${PASSWORD}`, '~*'],
    ...rights.split(' '),
  );
  return url.replace('redis://', `redis://reader:${PASSWORD}@`);
}

beforeAll(async () => {
  cluster = await startRedisCluster();
  silent = await startRedisCluster(NO_HELLO);
  for (const each of [cluster, silent]) {
    for (let user = 0; user < 20; user++) {
      const node = each.nodes[await each.nodeOf(`billing:user:user-${user}`)];
      if (node !== undefined)
        await new BillingRecords(node.redis).user(`user-${user}`, { job_count: 1 });
    }
  }
});
afterAll(async () => {
  await cluster.stop();
  await silent.stop();
});

describe('a node of a cluster', () => {
  it.each([0, 1])('(%i) has only a part of the users', async (node) => {
    expect(await cluster.nodes[node]?.redis.dbsize()).toBeGreaterThan(0);
    expect(await cluster.nodes[node]?.redis.dbsize()).toBeLessThan(20);
  });

  it.each(SCANS.map((args) => [args]))('is refused by %j', async (args) => {
    for (const node of [0, 1])
      await expectRefusal(args, { REDIS_URL: await urlOf(cluster, node) }, REFUSAL);
  });

  it('is told by HELLO, where INFO is not permitted', async () => {
    const env = { REDIS_URL: await urlOf(cluster, 0, '+@all -info') };
    await expectRefusal(['billing', 'all-users'], env, REFUSAL);
  });

  it('is told by INFO, where HELLO is unknown', async () => {
    const env = { REDIS_URL: await urlOf(silent, 0, '+@all -exists') };
    for (const args of SCANS) await expectRefusal(args, env, REFUSAL);
  });

  it('is told by two keys, where neither is answered', async () => {
    const env = { REDIS_URL: await urlOf(silent, 0, '+@read +@connection') };
    for (const args of SCANS) await expectRefusal(args, env, REFUSAL);
  });

  it('is refused where nothing tells of it', async () => {
    const env = { REDIS_URL: await urlOf(silent, 0, '+@read +@connection -exists') };
    const says = 'does not tell whether it is part of a cluster';
    for (const args of [
      ['billing', 'all-users'],
      ['billing', 'audit'],
    ])
      await expectRefusal(args, env, { code: 'unreachable', says });
  });

  it('is told by MOVED, for a command that scans nothing', async () => {
    const env = { REDIS_URL: await urlOf(silent, 0, '+@read +@connection') };
    let moved = 0;
    while ((await silent.nodeOf(`billing:job:${moved}`)) === 0) moved += 1;
    await expectRefusal(['billing', 'job', String(moved)], env, REFUSAL);
    // The days of a month lie all over the cluster.
    await expectRefusal(['billing', 'summary', 'user-1'], env, REFUSAL);
  });

  it('is refused for what changes counters', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mangamotion-cluster-'));
    removeAtExit(folder);
    const env = { REDIS_URL: await urlOf(cluster, 0) };
    const track = ['billing', 'track', 'bytes', 'user-1', '1', '4711'];
    await expectRefusal(track, env, REFUSAL, folder);
    await expectRefusal(['billing', 'reset', 'user-1', '--all', '--yes'], env, REFUSAL, folder);
  });

  it.each([2, 3] as const)('is refused by the library, in RESP%i', async (protocol) => {
    const redis = new Redis(await urlOf(cluster, 0), { protocol });
    await expect(createBilling({ redis }).getAllUsersBillingSummary()).rejects.toMatchObject({
      code: 'unreachable',
      message: 'Redis at the given connection is part of a cluster, which is not supported',
    });
    redis.disconnect();
  });
});

describe('a Redis that is no cluster', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ args: NO_HELLO });
    const redis = new Redis(server.url);
    await new BillingRecords(redis).user('user-1', { job_count: 1 });
    const login = ['reset', 'on', `>${PASSWORD}`];
    const rights = ['+@read', '+@connection', '~billing:*', '~bull:*'];
    await redis.call('ACL', 'SETUSER', 'reader', ...login, ...rights);
    await redis.call('ACL', 'SETUSER', 'scanner', ...login, ...rights, '-exists');
    redis.disconnect();
  });
  afterAll(() => server.stop());
  const as = (user: string) => ({
    REDIS_URL: server.url.replace('redis://', `redis://${user}:${PASSWORD}@`),
  });

  it('is read where HELLO and INFO are refused', async () => {
    for (const args of SCANS) {
      const { exitCode, stderr } = await run(args, { env: as('reader') });
      expect({ args, exitCode, lines: stderr.replace(/^note: .*\n/gm, '') }).toEqual({
        ...{ args, exitCode: 0, lines: '' },
      });
    }
  });

  it('is not read where EXISTS is refused too: nothing tells that it has all keys', async () => {
    await expectRefusal(['billing', 'all-users'], as('scanner'), {
      ...{ code: 'unreachable', says: 'hint: permit its user INFO, or EXISTS' },
    });
  });

  it('is read where the commands have no names', async () => {
    const nameless = await startRedisServer({
      args: ['--rename-command', 'HELLO', '', '--rename-command', 'INFO', ''],
    });
    const { exitCode, stderr } = await run(['billing', 'all-users'], {
      env: { REDIS_URL: nameless.url },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await nameless.stop();
  });

  it.each([
    ['nothing of a mode', hello('role', 'master'), bulk('# Server\r\nos:Linux\r\n'), 0],
    ['no list', '+OK\r\n', '+OK\r\n', 0],
    ['numbers', ':1\r\n', ':1\r\n', 0],
    ['its own value for a name', hello('server', 'mode', 'x', 'cluster'), '$-1\r\n', 0],
    ['INFO as Valkey does', '-ERR unknown command\r\n', bulk('server_mode:standalone\r\n'), 0],
    ['INFO as a Valkey cluster does', '-ERR unknown\r\n', bulk('server_mode:cluster\r\n'), 6],
    ['an unknown mode to HELLO', hello('mode', 'sharded'), bulk('redis_mode:standalone\r\n'), 6],
    ['an unknown mode to INFO', '$-1\r\n', bulk('redis_mode:proxy\r\n'), 6],
    ['a sentinel', hello('mode', 'sentinel'), '$-1\r\n', 6],
  ] as const)('answers HELLO and INFO with %s', async (_name, hello, info, status) => {
    const proxy = await startAnsweringProxy(server.url, ([command = '']) => {
      if (/^hello$/i.test(command)) return hello;
      return /^info$/i.test(command) ? info : undefined;
    });
    const { exitCode, stdout, stderr } = await run(['billing', 'all-users'], {
      env: { REDIS_URL: proxy.url },
    });
    await proxy.close();
    expect({ exitCode, stderr, hasUser: stdout.includes('user-1') }).toEqual({
      exitCode: status,
      stderr: status === 0 ? '' : (expect.stringMatching(/cluster|mode|sentinel/) as string),
      hasUser: status === 0,
    });
  });

  it.each([
    ['-LOADING Redis is loading the dataset in memory\r\n', 'still loading'],
    ['-MASTERDOWN Link with MASTER is down\r\n', 'lost its master'],
    ['-CLUSTERDOWN The cluster is down\r\n', 'is part of a cluster'],
    ['+OK\r\n', 'does not tell whether'],
    ['$-1\r\n', 'does not tell whether'],
    ['*0\r\n', 'does not tell whether'],
  ])('answers EXISTS, and nothing else of its mode, with %j', async (answer, says) => {
    const proxy = await startAnsweringProxy(server.url, ([command = '']) => {
      if (/^(hello|info)$/i.test(command)) return '-NOPERM no\r\n';
      return /^exists$/i.test(command) ? answer : undefined;
    });
    const env = { REDIS_URL: proxy.url };
    await expectRefusal(['billing', 'all-users'], env, { code: 'unreachable', says });
    await proxy.close();
  });
});

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function hello(...words: string[]): string {
  return `*${words.length}\r\n${words.map(bulk).join('')}`;
}
