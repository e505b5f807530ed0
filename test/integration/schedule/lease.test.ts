import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { connectOnce } from '../../../src/redis/connect.js';
import { RedisLease } from '../../../src/schedule/lease.js';
import { startAnsweringProxy } from '../../helpers/redis-answers.js';
import { startRedisServer, type RedisServer } from '../../helpers/redis-server.js';

let server: RedisServer;
const leases: RedisLease[] = [];
beforeEach(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  await Promise.all(leases.splice(0).map((lease) => lease.close()));
  await server.stop();
});

function leaseOf(holder: string, port = server.port): RedisLease {
  const lease = new RedisLease({
    holder: () => Promise.resolve(holder),
    connect: async () => {
      const at = { kind: 'server' as const, host: '127.0.0.1', port, useTls: false };
      const login = { username: undefined, password: undefined, db: 0, caPem: undefined };
      const redis = await connectOnce({ at, ...login, text: 'here', setting: 'REDIS_URL' });
      return { redis, close: () => redis.disconnect() };
    },
  });
  leases.push(lease);
  return lease;
}

const DUE = Date.parse('2026-01-01T02:00:00Z');

describe('a lease', () => {
  it('gives each firing to one of many, and to that one again', async () => {
    const many = Array.from({ length: 20 }, (_none, at) => leaseOf(`daemon ${at}`));
    const claims = await Promise.all(many.map((lease) => lease.claim('daily', DUE)));
    const winners = claims.flatMap(({ kind }, at) => (kind === 'ours' ? [at] : []));
    expect(winners).toHaveLength(1);
    const by = `daemon ${winners[0]}`;
    const losers = claims.filter(({ kind }) => kind !== 'ours');
    expect(losers).toEqual(Array.from({ length: 19 }, () => ({ kind: 'taken', by })));
    expect(await leaseOf(by).claim('daily', DUE)).toEqual({ kind: 'ours' });
    expect(await leaseOf('other').claim('daily', DUE + 1000)).toEqual({ kind: 'ours' });
    expect(await leaseOf('other').claim('hourly', DUE)).toEqual({ kind: 'ours' });
  });

  it('does not wait long for a server that is silent, and claims again when it speaks', async () => {
    const [one, other] = [leaseOf('one'), leaseOf('other')];
    await one.claim('first', DUE);
    const pid = await processIdOf(server);
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await one.claim('daily', DUE)).toEqual({ kind: 'unavailable' });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expect.poll(() => one.claim('daily', DUE), { timeout: 10_000 }).toEqual({ kind: 'ours' });
    expect(await other.claim('daily', DUE)).toEqual({ kind: 'taken', by: 'one' });
  }, 30_000);
});

describe('a lease of what answers oddly', () => {
  it.each([
    ['SET', ':1\r\n'],
    ['SET', '+QUEUED\r\n'],
    ['SET', '*0\r\n'],
    ['SET', '-READONLY You cannot write against a read only replica.\r\n'],
    ['GET', '$-1\r\n'],
    ['GET', ':0\r\n'],
  ])('is neither ours nor taken if %s is answered with %j', async (name, answer) => {
    await leaseOf('other').claim('daily', DUE);
    const proxy = await startAnsweringProxy(server.url, ([command]) =>
      command?.toUpperCase() === name ? answer : undefined,
    );
    try {
      const lease = leaseOf('one', Number(new URL(proxy.url).port));
      expect(await lease.claim('daily', DUE)).toEqual({ kind: 'unavailable' });
    } finally {
      await proxy.close();
    }
  });
});

async function processIdOf({ url }: RedisServer): Promise<number> {
  const redis = new Redis(url);
  const info = await redis.info('server');
  redis.disconnect();
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}
