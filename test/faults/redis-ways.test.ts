import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, removeAtExit } from '../helpers/child-processes.js';
import { run, runJson } from '../helpers/cli.js';
import { startSilentServer } from '../helpers/redis-proxy.js';
import { PASSWORD, REPORTS, WRITES, expectRefusal } from '../helpers/redis-refusals.js';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.js';
import { startSentinel } from '../helpers/redis-sentinel.js';
import { tlsFile } from '../helpers/tls-front.js';

/** The ways to a Redis that works: TLS, a socket, sentinels; and what stands in them. */

const SUMMARY = ['billing', 'summary', 'alice'];
const folder = mkdtempSync(join(tmpdir(), 'mangamotion-socket-'));
const removeFolder = removeAtExit(folder);
const socket = join(folder, 'redis.sock');
let server: RedisServer;
let tlsPort: number;

beforeAll(async () => {
  tlsPort = await freePort();
  server = await startRedisServer({
    args: [
      ...['--unixsocket', socket, '--tls-port', String(tlsPort), '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', tlsFile('loopback'), '--tls-key-file', tlsFile('loopback-key')],
      ...['--tls-ca-cert-file', tlsFile('ca')],
    ],
  });
  const redis = new Redis(server.url);
  await redis.hset('billing:user:alice', 'bytes_processed', 5);
  await redis.select(3);
  await redis.hset('billing:user:alice', 'bytes_processed', 333);
  redis.disconnect();
});
afterAll(async () => {
  await server.stop();
  removeFolder();
});

async function bytesAt(REDIS_URL: string, more: Record<string, string> = {}): Promise<number> {
  const env = { REDIS_URL, ...more };
  const { exitCode, answer, stderr } = await runJson<{ bytes_processed: number }>(SUMMARY, { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return answer.bytes_processed;
}

// A server that says nothing is waited for: the tests of this file wait side by side.
describe.concurrent('Redis behind TLS', () => {
  it('is read with the CA that signed its certificate, each database of it', async () => {
    const ca = { REDIS_CA_FILE: tlsFile('ca') };
    expect(await bytesAt(`rediss://127.0.0.1:${tlsPort}`, ca)).toBe(5);
    expect(await bytesAt(`rediss://127.0.0.1:${tlsPort}/3`, ca)).toBe(333);
  });

  it('is refused without that CA', async () => {
    const env = { REDIS_URL: `rediss://:${PASSWORD}@127.0.0.1:${tlsPort}` };
    await expectRefusal(SUMMARY, env, { code: 'unreachable', says: 'certificate' });
  });

  it('does not answer a plain connection', async () => {
    for (const login of ['', `:${PASSWORD}@`, `user:${PASSWORD}@`]) {
      const env = { REDIS_URL: `redis://${login}127.0.0.1:${tlsPort}` };
      const says = `127.0.0.1:${tlsPort}: the server speaks TLS there\n  hint: write rediss://`;
      await expectRefusal(SUMMARY, env, { code: 'unreachable', says });
    }
  });

  it('is not spoken to a port that has none', async () => {
    const env = {
      REDIS_URL: server.url.replace('redis://', `rediss://:${PASSWORD}@`),
      REDIS_CA_FILE: tlsFile('ca'),
    };
    const says = 'the server does not speak TLS there\n  hint: write redis:// for rediss://';
    await expectRefusal(SUMMARY, env, { code: 'unreachable', says });
  });
});

describe.concurrent('a socket of this machine', () => {
  it('is read, each database of it', async () => {
    expect(await bytesAt(`unix:${socket}`)).toBe(5);
    expect(await bytesAt(`unix://${socket}?db=3`)).toBe(333);
  });

  it('that is not there is refused', async () => {
    const env = { REDIS_URL: `unix:${socket}.none` };
    await expectRefusal(SUMMARY, env, { code: 'unreachable', says: 'ENOENT' });
  });
});

describe.concurrent('sentinels', () => {
  it('lead to the master, past those that are down, and to its databases', async () => {
    const sentinel = await startSentinel({ name: 'mymaster', url: server.url });
    const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${sentinel.port}`;
    expect(await bytesAt(`redis-sentinel://${hosts}/mymaster`)).toBe(5);
    expect(await bytesAt(`redis-sentinel://${hosts}/mymaster/3`)).toBe(333);
    const env = { REDIS_URL: `redis-sentinel://127.0.0.1:${sentinel.port}/another` };
    await expectRefusal(SUMMARY, env, { code: 'unreachable', says: 'master another' });
    await sentinel.stop();
  });

  it('that are all down are refused', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const REDIS_URL = `redis-sentinel://:${PASSWORD}@127.0.0.1:${one},127.0.0.1:${two}/mymaster`;
    for (const args of [...REPORTS, ...WRITES]) {
      await expectRefusal(
        args,
        { REDIS_URL },
        {
          ...{ code: 'unreachable', says: 'master mymaster of the sentinels' },
        },
      );
    }
  });

  it('that never answer are given up', async () => {
    const silent = await startSilentServer();
    const env = { REDIS_URL: `redis-sentinel://127.0.0.1:${silent.port}/mymaster` };
    await expectRefusal(SUMMARY, env, { code: 'unreachable', says: 'master mymaster' });
    await silent.close();
  });
});

describe.concurrent('a server that takes connections and never answers', () => {
  it.each([['redis'], ['rediss']])('is given up (%s)', async (scheme) => {
    const silent = await startSilentServer();
    const REDIS_URL = `${scheme}://:${PASSWORD}@127.0.0.1:${silent.port}/1`;
    await expectRefusal(
      SUMMARY,
      { REDIS_URL },
      {
        ...{ code: 'unreachable', says: `cannot reach Redis at 127.0.0.1:${silent.port}` },
      },
    );
    await silent.close();
  });
});

describe('the options of a URL', () => {
  it.each([
    [`http://${PASSWORD}@127.0.0.1`, 'redis://'],
    [`redis://:${PASSWORD}@/0`, 'must have a host'],
    [`redis://:${PASSWORD}@127.0.0.1/x`, 'the number of a database'],
    [`redis-sentinel://:${PASSWORD}@127.0.0.1`, 'must name the master'],
  ])('are refused where they make no sense: %s', async (REDIS_URL, says) => {
    const { exitCode, stdout, stderr } = await run(SUMMARY, { env: { REDIS_URL } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain(PASSWORD);
  });
});
