import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { parseRedisUrl } from '../../../src/config/redis-address.js';
import { redisTarget } from '../../../src/redis-target.js';
import { LastingConnection } from '../../../src/redis/lasting.js';
import { type CuttingProxy, startCuttingProxy } from '../../helpers/cutting-proxy.js';
import { tlsFile } from '../../helpers/tls-front.js';
import { readFileSync } from 'node:fs';
import { type RedisServer, startRedisServer } from '../../helpers/redis-server.js';
import { useRedis } from '../../helpers/use-redis.js';

const WAIT_MS = 2000;
const used = useRedis();
let proxy: CuttingProxy;
let connection: LastingConnection;

beforeEach(async () => {
  proxy = await startCuttingProxy(used.server.port);
  connection = lasting(`redis://127.0.0.1:${proxy.port}`);
});
afterEach(async () => {
  connection.close();
  await proxy.close();
});

function lasting(url: string, caPem?: string): LastingConnection {
  const address = parseRedisUrl(url);
  if (typeof address === 'string') throw new Error(address);
  return new LastingConnection(redisTarget({ ...address, caPem }), WAIT_MS);
}

/** Connections other than that of the test itself, by their ids. */
async function clients(): Promise<string[]> {
  const list = String(await used.redis.client('LIST'));
  const own = await used.redis.client('ID');
  return [...list.matchAll(/^id=(\d+)/gm)].map(([, id = '']) => id).filter((id) => +id !== own);
}

describe('a lasting connection', () => {
  it('is one for all the first calls that come at once', async () => {
    const before = await clients();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => connection.call('INCR', 'n')),
    );
    expect(answers.map(Number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 1),
    );
    expect((await clients()).filter((id) => !before.includes(id))).toHaveLength(1);
  });

  it('sends nothing twice that may have been carried out', async () => {
    await connection.call('PING');
    proxy.setPlan(() => 'answer');
    await expect(connection.call('INCR', 'n')).rejects.toThrow();
    proxy.setPlan(undefined);
    expect(await used.redis.get('n')).toBe('1');
    expect(await connection.call('INCR', 'n')).toBe(2);
    expect(proxy.cuts).toEqual({ request: 0, answer: 1 });
  });

  it('tells of a tracking call that was cut, and counts it once when it is repeated', async () => {
    const billing = createBilling({ redis: connection });
    for (const [cut, counted] of [
      ['request', true],
      ['answer', false],
    ] as const) {
      const eventId = cut;
      await connection.call('PING');
      // EVALSHA does not know the script at first, so that it is loaded before.
      await billing.trackBytesProcessed('other', 1, 'other');
      proxy.setPlan(() => cut);
      await expect(billing.trackBytesProcessed('u', 5, 'j', { eventId })).rejects.toMatchObject({
        code: 'unreachable',
      });
      proxy.setPlan(undefined);
      expect(await billing.trackBytesProcessed('u', 5, 'j', { eventId })).toEqual({ counted });
    }
    expect(await used.redis.hget('billing:user:u', 'bytes_processed')).toBe('10');
  });

  it('is made anew by the next command after the server has killed it', async () => {
    const before = await clients();
    await connection.call('PING');
    const [killed = ''] = (await clients()).filter((id) => !before.includes(id));
    await used.redis.client('KILL', 'ID', killed);
    await untilSettled(() => connection.call('PING'));
    expect(await clients()).not.toContain(killed);
  });

  it('waits for a server that comes back', async () => {
    const server = await startRedisServer();
    let back: RedisServer | undefined;
    const patient = lasting(server.url);
    try {
      expect(await patient.call('PING')).toBe('PONG');
      await server.stop();
      await expect(patient.call('PING')).rejects.toMatchObject({ code: 'unreachable' });
      back = await startRedisServer({ port: server.port });
      expect(await patient.call('PING')).toBe('PONG');
    } finally {
      patient.close();
      await server.stop();
      await back?.stop();
    }
  });

  it('ends with close(), and a later command connects again', async () => {
    const before = await clients();
    await connection.call('PING');
    connection.close();
    await expect.poll(clients).toEqual(before);
    expect(await connection.call('PING')).toBe('PONG');
  });

  it('ends with close() too when it is only being made', async () => {
    const before = await clients();
    const first = connection.call('PING').catch(() => undefined);
    connection.close();
    expect(await connection.call('PING')).toBe('PONG');
    await first;
    connection.close();
    await expect.poll(clients).toEqual(before);
  });

  it('answers in the words of a pipeline and of buffers too', async () => {
    await used.redis.hset('h', 'f', 'ü');
    expect(await connection.callBuffer('HGET', 'h', 'f')).toEqual(Buffer.from('ü'));
    const replies = await connection.pipeline([['hget', 'h', 'f'], ['ping']]).exec();
    expect(replies).toEqual([
      [null, 'ü'],
      [null, 'PONG'],
    ]);
  });

  it.each(['socket', 'tls'] as const)('goes through %s, with a password', async (through) => {
    const server = await startRedisServer({ through, password: 'p@ss/w:rd' });
    const ca = through === 'tls' ? readFileSync(tlsFile('ca'), 'utf8') : undefined;
    const other = lasting(server.url, ca);
    try {
      expect(await other.call('PING')).toBe('PONG');
    } finally {
      other.close();
      await server.stop();
    }
  });

  it('rejects at once with a wrong password, and does not tell it', async () => {
    const server = await startRedisServer({ password: 'right' });
    const other = lasting(server.url.replace('right', 'not-it'));
    try {
      const error = await other.call('PING').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'access_denied' });
      expect(String((error as Error).stack)).not.toContain('not-it');
    } finally {
      await server.stop();
    }
  });
});

/** A broken connection is known only when its end has come: the first command may meet it. */
async function untilSettled(call: () => Promise<unknown>): Promise<void> {
  await call().catch(() => undefined);
  expect(await call()).toBe('PONG');
}
