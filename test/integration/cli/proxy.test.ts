import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SOURCE_STORE_HINTS, hintsThrough } from '../../../src/config/hints.js';
import type { MangamotionError } from '../../../src/errors.js';
import { openMinioStore } from '../../../src/object-store/s3/s3-store.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { Secret } from '../../../src/config/secret.js';
import { runHook } from '../../../src/schedule/notify/hooks.js';
import { Pings } from '../../../src/schedule/notify/pings.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { run, runJson } from '../../helpers/cli.js';
import {
  PROXY_FAILURES,
  startBrokenProxy,
  startHttpProxy,
  type HttpProxy,
} from '../../helpers/http-proxy.js';
import { noise, seed, snapshot } from '../../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';
import { startTlsFront, tlsFile } from '../../helpers/tls-front.js';
import { keepingLog, recordOf } from '../../unit/schedule/notify/kept-log.js';
import { startListener, type Listener } from '../schedule/listener.js';

/** Names that only the proxy knows: whatever answers has come through it. */
const PLAIN = 'store.invalid';
const SECURE = 'elsewhere.example';
const MONITOR = 'monitor.invalid';
const LOGIN = 'me:hush-hush';

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let front: Awaited<ReturnType<typeof startTlsFront>>;
let listener: Listener;
let proxy: HttpProxy;

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    { key: 'small', content: noise(20_000, 'small') },
    { key: 'streamed', content: noise(9_000_000, 'streamed') },
  ]);
  front = await startTlsFront(store.endpoint, 'elsewhere');
  listener = await startListener();
  const hosts = { [PLAIN]: store.endpoint, [SECURE]: front.endpoint, [MONITOR]: listener.url };
  proxy = await startHttpProxy(hosts, LOGIN);
});
afterAll(async () => {
  await proxy.close();
  await listener.close();
  await front.close();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

/** What the proxy was asked for by `work`. */
async function asked(work: () => Promise<unknown>): Promise<string[]> {
  const before = proxy.asked.length;
  await work();
  return proxy.asked.slice(before);
}

const withLogin = () => proxy.url.replace('//', `//${LOGIN}@`);

describe('a store behind a proxy', () => {
  it.each([
    ['plain', `http://${PLAIN}`, 'HTTP_PROXY', `http://${PLAIN}/`],
    ['plain, with a port', `http://${PLAIN}:9000`, 'http_proxy', `http://${PLAIN}:9000/`],
    ['with TLS', `https://${SECURE}`, 'HTTPS_PROXY', `CONNECT ${SECURE}:443`],
  ])('is backed up and restored: %s', async (_what, endpoint, variable, way) => {
    const env = { [variable]: withLogin(), MINIO_CA_FILE: tlsFile('ca') };
    const went = await asked(async () => {
      const args = ['backup', 'full', folder, '--bucket', bucket];
      const { exitCode, answer, stderr } = await runJson<{ id: string }>(args, { endpoint, env });
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      const before = await snapshot(store, bucket);
      for (const key of before.keys()) await store.deleteObject(bucket, key);
      const restored = await run(['restore', join(folder, answer.id)], { endpoint, env });
      expect(restored).toMatchObject({ exitCode: 0 });
      expect(await snapshot(store, bucket)).toEqual(before);
    });
    expect(went.length).toBeGreaterThan(0);
    expect(went.filter((line) => !line.includes(way))).toEqual([]);
  });

  it('is also the store of a destination', async () => {
    const env = { ...backupStoreSettings(`http://${PLAIN}`), HTTP_PROXY: withLogin() };
    const went = await asked(async () => {
      const { stderr } = await run(['backup', 'list', `s3://${bucket}/none`], { env });
      expect(stderr).toBe('');
    });
    expect(went[0]).toContain(`http://${PLAIN}/${bucket}`);
  });

  it.each([
    ['HTTP_PROXY', `http://${PLAIN}`],
    ['HTTPS_PROXY', `https://${SECURE}`],
  ])('is out of reach where the proxy refuses the login: %s', async (variable, endpoint) => {
    const env = { [variable]: proxy.url.replace('//', '//me:another-secret@') };
    const args = ['backup', 'full', folder, '--bucket', bucket, '--debug'];
    const { exitCode, stderr } = await run(args, { endpoint, env });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('407');
    expect(stderr).not.toContain('another-secret');
    expect(stderr).not.toContain(Buffer.from('me:another-secret').toString('base64'));
  });

  it('that cannot be reached is told with the proxy', async () => {
    const gone = await startHttpProxy({});
    await gone.close();
    for (const [variable, endpoint] of [
      ['HTTP_PROXY', `http://${PLAIN}`],
      ['HTTPS_PROXY', `https://${SECURE}`],
    ] as const) {
      const env = { [variable]: gone.url.replace('//', '//me:hush-hush@') };
      const { exitCode, stderr } = await run(['backup', 'full', folder], { endpoint, env });
      expect(exitCode).toBe(6);
      expect(stderr).toContain(`Requests go through the proxy ${gone.url} (${variable};`);
      expect(stderr).not.toContain('hush-hush');
    }
  });

  it('is asked directly on this machine, and where NO_PROXY says so', async () => {
    const env = { HTTP_PROXY: 'http://proxy.invalid:1' };
    const args = ['backup', 'full', folder, '--bucket', bucket];
    expect(await run(args, { env })).toMatchObject({ exitCode: 0 });
    const exempt = { HTTP_PROXY: proxy.url, NO_PROXY: '.invalid' };
    const went = await asked(async () => {
      const { exitCode, stderr } = await run(args, { endpoint: `http://${PLAIN}`, env: exempt });
      expect(exitCode).toBe(6);
      expect(stderr).toContain(`getaddrinfo`);
    });
    expect(went).toEqual([]);
  });

  it('is not asked through what is no HTTP proxy', async () => {
    const env = { HTTP_PROXY: 'socks5://me:hush-hush@proxy:1080' };
    const { exitCode, stderr } = await run(['backup', 'full', folder], {
      ...{ endpoint: `http://${PLAIN}`, env },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('HTTP_PROXY: must be the URL of an HTTP proxy');
    expect(stderr).not.toContain('hush-hush');
  });
});

describe.each(Object.entries(PROXY_FAILURES))('a proxy that %s', (_what, failure) => {
  let broken: Awaited<ReturnType<typeof startBrokenProxy>>;
  beforeAll(async () => {
    broken = await startBrokenProxy(failure);
  });
  afterAll(() => broken.close());

  it.each([
    ['HTTP_PROXY', 'http', PLAIN, 80],
    ['HTTPS_PROXY', 'https', SECURE, 443],
  ] as const)('is told with its address, and once: %s', async (variable, scheme, host, port) => {
    // A store that is not retried, and does not wait for long.
    const way = { url: broken.url, authorization: 'Basic bWU6aHVzaC1odXNo', setting: variable };
    const one = openMinioStore({
      ...{ endpoint: host, port, useTls: scheme === 'https', accessKey: 'a', secretKey: 'b' },
      ...{ proxy: way, hints: hintsThrough(way, SOURCE_STORE_HINTS), idleTimeoutMs: 500 },
    });
    const error = await one.listBuckets().then(
      () => undefined,
      (failed: unknown) => failed as MangamotionError,
    );
    one.close();
    const isAsked = failure.startsWith('401') && scheme === 'http';
    expect(error?.code).toBe(isAsked ? 'access_denied' : 'unreachable');
    const told = `${error?.message ?? ''}\n${error?.hint ?? ''}`;
    expect(told).toContain(`the proxy ${broken.url}`);
    expect(told).toContain(variable);
    expect(told).not.toMatch(/hush-hush|bWU6aHVzaC1odXNo/);
  });

  it('is told by a ping', async () => {
    const url = broken.url.replace('//', `//${LOGIN}@`);
    for (const to of [`http://${MONITOR}/key`, `https://${SECURE}/key`]) {
      const { log, told } = keepingLog();
      const pings = new Pings({
        ...{ url: new Secret(to), log, timing: { timeoutMs: 2000, pausesMs: [] } },
        proxies: {
          http: { text: url, setting: 'HTTP_PROXY' },
          https: { text: url, setting: 'HTTPS_PROXY' },
          noProxy: undefined,
        },
      });
      pings.end('daily', 0, 'a-run');
      await pings.idle(60_000);
      expect(told).toHaveLength(1);
      expect(told[0]?.message).toMatch(/^a ping did not arrive: /);
      expect(told[0]?.message).toContain(`through the proxy ${broken.url} (`);
      expect(told[0]?.message).not.toContain('hush-hush');
    }
  });
});

it('a ping over TLS arrives, where the CA of its server is known', async () => {
  // For https://, the listener is behind TLS with a certificate of the CA of the tests.
  const monitor = await startListener();
  const secure = await startTlsFront(monitor.url, 'elsewhere');
  const tunnel = await startHttpProxy({ [SECURE]: secure.endpoint }, LOGIN);
  const daemon = new TestDaemon(join(folder, 'daemon'), {
    ...{ NODE_EXTRA_CA_CERTS: tlsFile('ca'), PING_URL: `https://${SECURE}/ping/{name}` },
    HTTPS_PROXY: tunnel.url.replace('//', `//${LOGIN}@`),
  });
  daemon.write(
    `# name=check on-success=https://${SECURE}/hook on-failure=https://${SECURE}/hook\n` +
      '0 0 1 1 * config check\n',
  );
  try {
    await daemon.start();
    await daemon.run('run', 'check');
    await daemon.until(() => monitor.received.length >= 3);
  } finally {
    await daemon.stop();
    await tunnel.close();
    await secure.close();
    await monitor.close();
  }
  const asked = monitor.received.map(({ method, path }) => `${method} ${path}`);
  expect(asked[0]).toMatch(/^GET \/ping\/check\/start\?rid=/);
  expect(asked.some((one) => /^GET \/ping\/check\/\d+\?rid=/.test(one))).toBe(true);
  expect(asked).toContain('POST /hook');
  expect(tunnel.asked.every((one) => one === `CONNECT ${SECURE}:443`)).toBe(true);
  const headers = monitor.received.flatMap((one) => Object.keys(one.headers));
  expect(headers).not.toContain('proxy-authorization');
});

describe('pings and hooks', () => {
  const proxies = (text: string, noProxy?: string) => ({
    http: { text, setting: 'HTTP_PROXY' },
    https: { text, setting: 'HTTPS_PROXY' },
    noProxy,
  });
  const timing = { timeoutMs: 60_000, pausesMs: [] };

  async function ping(url: string, text: string, noProxy?: string) {
    const { log, told } = keepingLog();
    const where = { url: new Secret(url), log, timing, proxies: proxies(text, noProxy) };
    const pings = new Pings(where);
    pings.end('daily', 0, 'a-run');
    await pings.idle(60_000);
    return told.map(({ message }) => message);
  }

  it('go through it, as plain requests and through CONNECT', async () => {
    const plain = await asked(async () => {
      expect(await ping(`http://${MONITOR}/key`, withLogin())).toEqual([]);
    });
    expect(plain).toEqual([`GET http://${MONITOR}/key/0?rid=a-run`]);
    // Nobody has signed its certificate.
    const secure = await asked(() => ping(`https://${SECURE}/key`, withLogin()));
    expect(secure).toEqual([`CONNECT ${SECURE}:443`]);
    const hooked = await asked(async () => {
      const { log, told } = keepingLog();
      await runHook({
        ...{ hook: `http://${MONITOR}/hook`, record: recordOf(), logTail: 'x', cwd: folder, log },
        ...{ signal: new AbortController().signal, proxies: proxies(withLogin()), passEnv: [] },
      });
      expect(told.map(({ message }) => message)).toEqual(['a hook was run']);
    });
    expect(hooked).toEqual([`POST http://${MONITOR}/hook`]);
    expect(listener.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /key/0?rid=a-run',
      'POST /hook',
    ]);
    expect(listener.received.every(({ headers }) => !('proxy-authorization' in headers))).toBe(
      true,
    );
  });

  it('do not go through it on this machine, nor where NO_PROXY says so', async () => {
    const went = await asked(async () => {
      expect(await ping(`${listener.url}/key`, withLogin())).toEqual([]);
      expect(await ping(`http://${MONITOR}/`, withLogin(), MONITOR)).toEqual([
        'a ping did not arrive: the request failed (ENOTFOUND)',
      ]);
    });
    expect(went).toEqual([]);
  });

  it('say that the proxy refuses them, without its login', async () => {
    const wrong = proxy.url.replace('//', '//me:another-secret@');
    expect(await ping(`http://${MONITOR}/`, wrong)).toEqual([
      `a ping did not arrive: the proxy answered 407, through the proxy ${proxy.url} (HTTP_PROXY)`,
    ]);
    expect(await ping(`http://${MONITOR}/`, 'socks5://me:another-secret@h')).toEqual([
      'a ping did not arrive: HTTP_PROXY: must be the URL of an HTTP proxy, http:// or https://',
    ]);
  });
});
