import { mkdirSync, rmdirSync } from 'node:fs';
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../../src/serve/listener.js';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { backUp, temporaryFolder } from '../../helpers/backups.js';
import { runHere } from '../../helpers/in-process.js';
import { documentOf, useServers, type TestServer } from '../../helpers/serve.js';
import { startRedisProxy } from '../../helpers/redis-proxy.js';
import { seed } from '../../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

const JWT_SECRET = 'k'.repeat(40);
const SUMMARY = '/api/billing/summary';
const TLS = fileURLToPath(new URL('../../helpers/tls/', import.meta.url));

const { records, env } = useBillingRedis();
const serve = useServers();
const withTokens = (adminToken = 'a'.repeat(40)) => ({
  ...env(),
  JWT_SECRET,
  SERVE_ADMIN_TOKEN: adminToken,
});

beforeEach(async () => {
  await records().user('alice', { job_count: 1 });
});

async function tokenOf(
  userId: string,
  exp: string | number = '1h',
  secret = JWT_SECRET,
): Promise<string> {
  return await new SignJWT({ userId, type: 'access' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(exp)
    .sign(new TextEncoder().encode(secret));
}

const login = async (server: TestServer, token: string) =>
  await server.request('POST', '/api/login', {
    headers: { host: '127.0.0.1', origin: 'http://127.0.0.1' },
    body: JSON.stringify({ token }),
  });

function cookieOf(headers: http.IncomingHttpHeaders): string {
  const [cookie = ''] = headers['set-cookie'] ?? [];
  return cookie.split(';')[0] ?? '';
}

describe('a token that was copied with white space', () => {
  it('logs in, and is not in the log', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const token = await tokenOf('alice');
    const broken = `${token.slice(0, -5)}\n  ${token.slice(-5)}`;
    for (const copied of [`${token}\n`, ` ${token}`, `${token}\r\n`, broken]) {
      const answer = await login(server, copied);
      expect(answer.status).toBeLessThan(500);
      if (copied === broken) continue;
      const session = await server.get('/api/session', { cookie: cookieOf(answer.headers) });
      expect(documentOf(session)).toMatchObject({ kind: 'user', user_id: 'alice' });
    }
    const log = JSON.stringify(server.lines);
    expect(log).toContain('/api/login');
    expect(log).not.toContain(token.slice(0, -5));
  });

  it('may have any character: the cookie keeps it', async () => {
    const token = `${'a'.repeat(32)};Domain=evil, "b" %41 ü 日`;
    const server = await serve(['--auth', 'token'], withTokens(token));
    const answer = await login(server, token);
    expect(documentOf(answer)).toMatchObject({ kind: 'admin' });
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    expect(cookie).not.toContain('Domain=');
    const session = await server.get('/api/session', { cookie: cookieOf(answer.headers) });
    expect(documentOf(session)).toMatchObject({ kind: 'admin' });
    const odd = await server.get('/api/session', { cookie: 'mangamotion_session=%' });
    expect(odd.status).toBe(401);
  });
});

describe('wrong tokens all at once', () => {
  it('are ten attempts at most', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const wrong = await tokenOf('alice', '1h', 'w'.repeat(40));
    const request = (token: string): string =>
      `GET ${SUMMARY} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n`;
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.write(`${request(wrong)}\r\n`.repeat(15));
    socket.write(`${request(wrong)}Connection: close\r\n\r\n`);
    await once(socket, 'close');
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses.filter((status) => status === '401')).toHaveLength(10);
    expect(statuses.filter((status) => status === '429')).toHaveLength(6);
  });
});

describe('a connection that says nothing', () => {
  it('over TLS does not hold up the end of the server', { timeout: 20_000 }, async () => {
    const pair = ['--tls-cert', `${TLS}loopback.pem`, '--tls-key', `${TLS}loopback-key.pem`];
    const server = await serve([...pair, '--grace', '1s'], env());
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    expect(await server.stop()).toBe(0);
  });

  it('after it was answered in part is cut off', { timeout: 20_000 }, async () => {
    const cut = new EventEmitter();
    const isCut = once(cut, 'close');
    const limits = { host: '127.0.0.1', port: 0, tls: undefined, maxClients: 10, stallMs: 300 };
    const onRequest: http.RequestListener = (_request, response) => {
      response.on('close', () => cut.emit('close'));
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    };
    const listener = await listen(limits, { onRequest, refuse: () => '' });
    const request = http.get({ host: '127.0.0.1', port: listener.port }, (response) =>
      response.pause(),
    );
    request.on('error', () => undefined);
    await isCut;
    request.destroy();
    await listener.close(0);
  });
});

describe('a stream of events', () => {
  it('ends when the token that it was opened with does', { timeout: 30_000 }, async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    // Clocks may differ by 30 s: this one is good for two more.
    const token = await tokenOf('alice', Math.floor(Date.now() / 1000) - 28);
    const answer = await server.get('/api/jobs/events', { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('event: ping');
    const again = await server.get('/api/session', { authorization: `Bearer ${token}` });
    expect(again.status).toBe(401);
  });
});

describe('the id of a user in X-User-ID', () => {
  it('is UTF-8, as proxies send it', async () => {
    await records().user('jürgen', { job_count: 7 });
    const server = await serve(['--behind-proxy', '127.0.0.0/8'], env());
    const bytes = Buffer.from('jürgen', 'utf8').toString('latin1');
    const own = documentOf(await server.get(SUMMARY, { 'x-user-id': bytes }));
    expect(own).toMatchObject({ user_id: 'jürgen', job_count: 7 });
  });

  it('is 400 if it is not: it would be that of somebody else', async () => {
    const server = await serve(['--behind-proxy', '127.0.0.0/8'], env());
    const answer = await server.get(SUMMARY, { 'x-user-id': 'j\xfcrgen' });
    expect(answer.status).toBe(400);
  });
});

describe('a destination that is gone', () => {
  it('is 503, not a backup that does not exist', async () => {
    const store = testStore();
    const bucket = await freshBucket(store);
    const { folder, remove } = temporaryFolder();
    const gone = join(folder, 'gone');
    try {
      mkdirSync(gone);
      await seed(store, bucket, [{ key: 'a', content: Buffer.from('a') }]);
      const { id } = await backUp(store, folder, [bucket]);
      const server = await serve(['--backup', gone], env());
      expect((await server.get(`/api/backups/${id}/objects`)).status).toBe(404);
      rmdirSync(gone);
      for (const path of ['objects', `objects/${bucket}/a`]) {
        const answer = await server.get(`/api/backups/${id}/${path}`);
        expect({ path, status: answer.status }).toEqual({ path, status: 503 });
      }
      const late = await serve(['--backup', gone], env());
      expect((await late.get(`/api/backups/${id}`)).status).toBe(503);
    } finally {
      remove();
      await removeBucket(store, bucket);
      store.close();
    }
  });
});

describe('a billing record that cannot be read', () => {
  it('is damaged for administrators, and for users as any job that is not theirs', async () => {
    await records().redis.call('SET', 'billing:job:broken', 'text');
    const paths = ['/api/jobs/broken', '/api/status/broken', '/api/billing/job/broken'];
    const server = await serve(['--auth', 'token'], withTokens());
    const admin = { authorization: `Bearer ${'a'.repeat(40)}` };
    const user = { authorization: `Bearer ${await tokenOf('alice')}` };
    for (const path of paths) {
      const answer = await server.get(path, admin);
      expect({ path, status: answer.status }).toEqual({ path, status: 502 });
      expect(documentOf(answer)).toMatchObject({ code: 'damaged' });
      const theirs = await server.get(path, user);
      const other = await server.get(path.replace('broken', 'none'), user);
      expect([theirs.status, theirs.text]).toEqual([other.status, other.text]);
    }
  });
});

describe('requests for all users', () => {
  it('are read two at a time', async () => {
    let isHeld = false;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let scans = 0;
    const proxy = await startRedisProxy(env().REDIS_URL, {
      onRequest: (text) => {
        scans += text.match(/\r\nSCAN\r\n/gi)?.length ?? 0;
        if (isHeld && text.includes('billing:job:marker')) release();
      },
      onAnswer: () => (isHeld && scans > 0 ? held : undefined),
    });
    const server = await serve([], { REDIS_URL: proxy.url });
    await server.get('/api/billing/job/any');
    isHeld = true;
    const answers = Array.from({ length: 8 }, () => server.get('/api/billing/all-users'));
    await expect.poll(() => scans).toBeGreaterThan(1);
    // It comes to Redis after all that the others have asked.
    const marker = server.get('/api/billing/job/marker');
    await held;
    expect(scans).toBe(2);
    for (const answer of await Promise.all(answers))
      expect(documentOf(answer)).toMatchObject({ total_users: 1 });
    await marker;
    await proxy.close();
  });
});

/** A store that answers every request with this. */
async function startOddStore(
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => void,
): Promise<{ url: string; close: () => void }> {
  const server = http.createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe('a store that is none', () => {
  const settings = (url: string) => ({
    ...env(),
    MINIO_ENDPOINT: url,
    MINIO_ACCESS_KEY: 'key',
    MINIO_SECRET_KEY: 'secret',
  });

  beforeEach(async () => {
    const times = { timestamp: new Date().toISOString(), status: 'completed' };
    await records().job('done', { user_id: 'alice', bytes_processed: 5, ...times });
  });

  it.each([200, 404])(
    'but a web server that answers %i: it is unhealthy, and no result is gone',
    async (status) => {
      const store = await startOddStore((_request, response) => {
        response.writeHead(status, { 'content-type': 'text/html' }).end('<html>hello</html>');
      });
      try {
        const server = await serve([], settings(store.url));
        const health = await server.get('/api/health');
        expect(health.status).toBe(503);
        expect(documentOf(health).checks).toMatchObject({ store: { status: 'unhealthy' } });
        for (const what of ['download', 'thumbnail']) {
          const answer = await server.get(`/api/jobs/done/${what}`);
          expect({ what, status: answer.status }).toEqual({ what, status: 503 });
        }
      } finally {
        store.close();
      }
    },
  );

  it.each([
    ['sends elsewhere for ever', 301, { location: 'http://evil.example/' }],
    ['sends elsewhere for now', 307, { location: 'http://evil.example/' }],
    ['is a teapot', 418, {}],
  ])(
    'but %s: what is known without it is shown, as the command does',
    async (_what, status, headers) => {
      const store = await startOddStore((_request, response) => {
        response.writeHead(status, headers).end();
      });
      try {
        const server = await serve([], settings(store.url));
        const shown = await server.get('/api/jobs/done');
        expect(shown.status).toBe(200);
        expect(shown.text).not.toContain('127.0.0.1');
        const { exitCode, stdout } = await runHere(
          ['jobs', 'show', 'done', '--explain', '--json'],
          {
            env: settings(store.url),
          },
        );
        const command = JSON.parse(stdout) as { problems: string[] };
        expect([exitCode, command.problems]).toEqual([
          3,
          [expect.stringMatching(/^its files were not looked up: .*answered/)],
        ]);
        expect(documentOf(shown)).toEqual({
          ...{ ...command, failedReason: null, returnvalue: null },
          problems: ['its files were not looked up: the object store is unavailable'],
        });
        expect(documentOf(shown)).toMatchObject({ user_id: 'alice', artifacts: null });
        const list = await server.get('/api/jobs?files=true');
        expect(list.text).not.toContain('127.0.0.1');
        expect(documentOf(list)).toMatchObject({ problems: ['results were not looked up'] });
        const download = await server.get('/api/jobs/done/download');
        expect(download.status).toBe(503);
        expect(download.text).not.toContain('127.0.0.1');
      } finally {
        store.close();
      }
    },
  );
});
