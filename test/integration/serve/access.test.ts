import { SignJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { documentOf, TestServer, useServers } from '../../helpers/serve.js';

const JWT_SECRET = 'k'.repeat(40);
const ADMIN_TOKEN = 'a'.repeat(40);
const SUMMARY = '/api/billing/summary';

const { records, env } = useBillingRedis();
const serve = useServers();
const withTokens = () => ({ ...env(), JWT_SECRET, SERVE_ADMIN_TOKEN: ADMIN_TOKEN });

beforeEach(async () => {
  await records().user('alice', { job_count: 1 });
  await records().user('bob', { job_count: 2 });
  await records().job('of-bob', { user_id: 'bob', bytes_processed: 5 });
});

interface Claims {
  userId?: unknown;
  type?: unknown;
}

/** An access token as the backend issues it. */
async function tokenFor(
  claims: Claims,
  { exp = '1h', secret = JWT_SECRET, alg = 'HS256', iat }: Partial<TokenOptions> = {},
): Promise<string> {
  const token = new SignJWT({ type: 'access', ...claims }).setProtectedHeader({ alg });
  if (exp !== null) token.setExpirationTime(exp);
  if (iat !== undefined) token.setIssuedAt(iat);
  return await token.sign(new TextEncoder().encode(secret));
}

interface TokenOptions {
  exp: string | number | null;
  secret: string;
  alg: string;
  iat: number;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('without credentials, on loopback', () => {
  it('the query chooses the user, else the header X-User-ID, as the old API had it', async () => {
    const server = await serve([], env());
    const byQuery = documentOf(
      await server.get(`${SUMMARY}?user_id=alice`, { 'x-user-id': 'bob' }),
    );
    expect(byQuery).toMatchObject({ user_id: 'alice', job_count: 1 });
    const byHeader = documentOf(await server.get(SUMMARY, { 'x-user-id': 'bob' }));
    expect(byHeader).toMatchObject({ user_id: 'bob', job_count: 2 });
    const neither = await server.get(SUMMARY);
    expect(neither.status).toBe(400);
    expect(documentOf(neither)).toEqual({ error: 'user_id is missing', code: 'usage' });
  });

  it.each(['evil.example', 'evil.example:3000', '127.0.0.1.evil.example', '10.0.0.1', '[::2]'])(
    'the host name %j is refused: a page of another site could have it point here',
    async (host) => {
      const server = await serve([], env());
      expect((await server.get('/api/health', { host })).status).toBe(403);
    },
  );

  it('names of loopback are served, and those that --host names', async () => {
    const server = await serve(['--host', 'manga.example'], env());
    const hosts = ['localhost:1', '127.0.0.1', '[::1]', 'MANGA.example:443'];
    for (const host of hosts) {
      expect((await server.get('/api/health', { host })).status).toBe(200);
    }
  });
});

describe('with --auth token', () => {
  it('a user sees their own data, and no other', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const headers = bearer(await tokenFor({ userId: 'alice' }));
    const own = { user_id: 'alice', job_count: 1 };
    expect(documentOf(await server.get(SUMMARY, headers))).toMatchObject(own);
    expect(documentOf(await server.get(`${SUMMARY}?user_id=alice`, headers))).toMatchObject(own);
    expect((await server.get(`${SUMMARY}?user_id=bob`, headers)).status).toBe(403);
    const forged = { ...headers, 'x-user-id': 'bob' };
    expect(documentOf(await server.get(SUMMARY, forged))).toMatchObject(own);
  });

  it("another user's job looks like one that does not exist", async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const headers = bearer(await tokenFor({ userId: 'alice' }));
    const theirs = await server.get('/api/billing/job/of-bob', headers);
    const missing = await server.get('/api/billing/job/of-nobody', headers);
    expect(theirs.status).toBe(404);
    expect(theirs.text).toBe(missing.text);
    const asBob = bearer(await tokenFor({ userId: 'bob' }));
    expect((await server.get('/api/billing/job/of-bob', asBob)).status).toBe(200);
  });

  it('a user does not see the list of all users', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const headers = bearer(await tokenFor({ userId: 'alice' }));
    expect((await server.get('/api/billing/all-users', headers)).status).toBe(403);
    expect((await server.get('/api/billing/all-users.csv', headers)).status).toBe(403);
    expect((await server.get('/api/billing/all-users')).status).toBe(401);
    expect((await server.get('/api/billing/all-users', bearer(ADMIN_TOKEN))).status).toBe(200);
  });

  it('a user does not see the audit', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const headers = bearer(await tokenFor({ userId: 'alice' }));
    expect((await server.get('/api/billing/audit', headers)).status).toBe(403);
    expect((await server.get('/api/billing/audit?user_id=alice', headers)).status).toBe(403);
    expect((await server.get('/api/billing/audit')).status).toBe(401);
    expect((await server.get('/api/billing/audit', bearer(ADMIN_TOKEN))).status).toBe(200);
  });

  it('the administrator sees everything', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const headers = bearer(ADMIN_TOKEN);
    const answer = await server.get(`${SUMMARY}?user_id=bob`, headers);
    expect(documentOf(answer)).toMatchObject({ user_id: 'bob' });
    expect((await server.get('/api/billing/job/of-bob', headers)).status).toBe(200);
  });

  const unsigned = (claims: object) =>
    `${[{ alg: 'none', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')}.`;
  const now = Math.floor(Date.now() / 1000);
  it.each<[string, () => Promise<string> | string]>([
    ['none', () => ''],
    ['one that is no JWT', () => 'abc'],
    ['one of another secret', () => tokenFor({ userId: 'alice' }, { secret: 'x'.repeat(40) })],
    ['one that has expired', () => tokenFor({ userId: 'alice' }, { exp: now - 3600 })],
    ['one without an end', () => tokenFor({ userId: 'alice' }, { exp: null })],
    ['one from the future', () => tokenFor({ userId: 'alice' }, { iat: now + 3600 })],
    ['a refresh token', () => tokenFor({ userId: 'alice', type: 'refresh' })],
    ['one without a user', () => tokenFor({})],
    ['one whose user is no text', () => tokenFor({ userId: 7 })],
    ['one of another algorithm', () => tokenFor({ userId: 'alice' }, { alg: 'HS512' })],
    ['an unsigned one', () => unsigned({ userId: 'alice', type: 'access', exp: now + 3600 })],
    ['a part of the administrator’s', () => ADMIN_TOKEN.slice(1)],
  ])('the token %s is 401', async (_what, token) => {
    const server = await serve(['--auth', 'token'], withTokens());
    const answer = await server.get(SUMMARY, bearer(await token()));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(documentOf(answer)).toMatchObject({ code: 'unauthorized' });
  });

  it('health needs no credentials', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    expect((await server.get('/api/health')).status).toBe(200);
  });

  it('ten wrong tokens within a minute are 429, the right one too', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    for (let attempt = 0; attempt < 10; attempt++) {
      expect((await server.get(SUMMARY, bearer('wrong'))).status).toBe(401);
    }
    const answer = await server.get(`${SUMMARY}?user_id=bob`, bearer(ADMIN_TOKEN));
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('the log has neither tokens nor queries', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const token = await tokenFor({ userId: 'alice' });
    await server.get(`${SUMMARY}?user_id=alice&token=${token}`, bearer(token));
    const text = JSON.stringify(server.lines);
    expect(text).toContain(`"path":"${SUMMARY}"`);
    expect(text).not.toContain(token);
    expect(text).not.toContain('user_id=alice');
  });
});

describe('a login', () => {
  const login = async (server: TestServer, token: string, headers: Record<string, string> = {}) =>
    await server.request('POST', '/api/login', {
      headers: {
        'content-type': 'application/json',
        host: '127.0.0.1',
        origin: 'http://127.0.0.1',
        ...headers,
      },
      body: JSON.stringify({ token }),
    });

  it('puts the token into a cookie that scripts and other sites cannot use', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const answer = await login(server, await tokenFor({ userId: 'alice' }));
    expect(documentOf(answer)).toEqual({ kind: 'user', user_id: 'alice' });
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^mangamotion_session=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/);
    const [session = ''] = cookie.split(';');
    const own = await server.get(SUMMARY, { cookie: `other=1; ${session}` });
    expect(documentOf(own)).toMatchObject({ user_id: 'alice' });
  });

  it('with a wrong token is 401', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const answer = await login(server, 'wrong');
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://127.0.0.1:81'])(
    'from the origin %s is 403',
    async (origin) => {
      const server = await serve(['--auth', 'token'], withTokens());
      expect((await login(server, ADMIN_TOKEN, { origin })).status).toBe(403);
    },
  );

  it('with a body that is too large is 413', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    expect((await login(server, 'x'.repeat(20_000))).status).toBe(413);
  });

  it('with a body that is no JSON is 400', async () => {
    const server = await serve(['--auth', 'token'], withTokens());
    const headers = { host: '127.0.0.1', origin: 'http://127.0.0.1' };
    const answer = await server.request('POST', '/api/login', { headers, body: '{' });
    expect(answer.status).toBe(400);
  });
});

describe('behind a proxy', () => {
  it('that is named, its header says who the user is', async () => {
    const server = await serve(['--behind-proxy', '127.0.0.0/8'], env());
    const own = await server.get(SUMMARY, { 'x-user-id': 'alice' });
    expect(documentOf(own)).toMatchObject({ user_id: 'alice' });
    const other = await server.get(`${SUMMARY}?user_id=bob`, { 'x-user-id': 'alice' });
    expect(other.status).toBe(403);
    expect((await server.get(SUMMARY)).status).toBe(401);
  });

  it('that is named, its header says nothing where people have tokens', async () => {
    const server = await serve(['--auth', 'token', '--behind-proxy', '127.0.0.0/8'], withTokens());
    expect((await server.get(SUMMARY, { 'x-user-id': 'alice' })).status).toBe(401);
    const own = await server.get(SUMMARY, {
      ...bearer(await tokenFor({ userId: 'alice' })),
      'x-user-id': 'bob',
    });
    expect(documentOf(own)).toMatchObject({ user_id: 'alice' });
  });

  it('that is not named, it says nothing', async () => {
    const server = await serve(['--behind-proxy', '10.0.0.0/8'], env());
    expect((await server.get(SUMMARY, { 'x-user-id': 'alice' })).status).toBe(401);
  });
});

describe('a start that would let strangers in', () => {
  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['on every address', ['--listen', ':0'], {}, /--auth token/],
    ['on 0.0.0.0', ['--listen', '0.0.0.0:0'], {}, /--auth token/],
    ['on another address', ['--listen', '10.1.2.3:0'], {}, /--auth token/],
    ['without a secret', ['--auth', 'token'], {}, /needs a secret/],
    ['with a short secret', ['--auth', 'token'], { JWT_SECRET: 'short' }, /fewer than 32 bytes/],
    [
      'with a secret that everybody knows',
      ['--auth', 'token'],
      { JWT_SECRET: 'your-super-secret-jwt-key-change-in-production' },
      /placeholder/,
    ],
    ['with a short token', [], { SERVE_ADMIN_TOKEN: 'admin' }, /fewer than 32 bytes/],
    ['behind a name', ['--behind-proxy', 'proxy.example'], {}, /address of a proxy/],
    ['behind everything', ['--behind-proxy', '10.0.0.0/33'], {}, /address of a proxy/],
  ])('%s is refused', async (_what, args, settings, reason) => {
    const server = new TestServer();
    await expect(server.start(args, { ...env(), ...settings })).rejects.toThrow(reason);
    expect(server.exitCode).toBe(2);
  });
});
