import { describe, expect, it } from 'vitest';
import { safeParse } from 'valibot';
import {
  allUsersDocument,
  auditDocument,
  dailyDocument,
  jobDocument,
  pricesDocument,
  summaryDocument,
} from '../../../src/serve/schemas/billing.js';
import { dayFromToday, monthFromThis, useBillingRedis } from '../../helpers/billing-records.js';
import { documentOf, useServers } from '../../helpers/serve.js';
import { runHere } from '../../helpers/in-process.js';

const { records, env } = useBillingRedis();
const serve = useServers();

/** What the command prints with --json. */
async function printed(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runHere([...args, '--json'], { env: env() });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const HUGE = 9_007_199_254_740_993n;

interface OpenApi {
  paths: Record<string, Record<string, object>>;
}

describe('the routes of billing', () => {
  it('answer with the documents of the commands', async () => {
    const usage = { bytes_processed: HUGE, compute_seconds: '12.5', job_count: 3, jobs_failed: 1 };
    await records().tracked('alice', { day: dayFromToday(-1), job: 'j1', usage });
    const server = await serve([], env());
    for (const [path, schema, args] of [
      ['summary?user_id=alice', summaryDocument, ['summary', 'alice']],
      ['daily-usage?user_id=alice', dailyDocument, ['daily', 'alice']],
      ['daily-usage?user_id=alice&fill=true', dailyDocument, ['daily', 'alice', '--fill']],
      ['job/j1', jobDocument, ['job', 'j1']],
    ] as const) {
      const answer = await server.get(`/api/billing/${path}`);
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(documentOf(answer)).toEqual(await printed('billing', ...args));
      expect(safeParse(schema, documentOf(answer)).issues).toBeUndefined();
    }
    expect((await server.get('/api/billing/job/j1')).text).toContain(`:${HUGE}`);
  });

  it.each([
    ['', []],
    ['?sort=user&top=2', ['--sort', 'user', '--top', '2']],
    [`?month=${monthFromThis(0)}`, ['--month', monthFromThis(0)]],
  ])('list all users as the command does: all-users%s', async (query, args) => {
    for (const [at, user] of ['bob', 'alice', 'carol', '\u{1F600}'].entries()) {
      const usage = { bytes_processed: HUGE, compute_seconds: at, job_count: 1 };
      await records().tracked(user, { day: dayFromToday(0), job: user, usage });
    }
    const server = await serve([], env());
    const answer = await server.get(`/api/billing/all-users${query}`);
    expect(answer.status).toBe(200);
    expect(documentOf(answer)).toEqual(await printed('billing', 'all-users', ...args));
    expect(safeParse(allUsersDocument, documentOf(answer)).issues).toBeUndefined();
  });

  it('tell the findings of the audit as the command does', async () => {
    const usage = { bytes_processed: HUGE, compute_seconds: '12.5', job_count: 3 };
    await records().tracked('sound', { day: dayFromToday(0), job: 'j1', usage });
    const server = await serve([], env());
    const sound = await server.get('/api/billing/audit');
    expect(documentOf(sound)).toEqual(await printed('billing', 'audit'));
    expect(documentOf(sound)).toMatchObject({ user_id: null, status: 'ok', findings: [] });
    await records().day('gone', dayFromToday(-1), usage);
    await records().day('low', dayFromToday(-1), usage);
    await records().user('low', { bytes_processed: 5, job_count: 'many' });
    await records().job('', { user_id: 'sound', bytes_processed: -1 });
    await records().redis.persist('billing:job:j1');
    for (const [query, args] of [
      ['', []],
      ['?user_id=low', ['low']],
    ] as const) {
      const answer = await server.get(`/api/billing/audit${query}`);
      expect(answer.status).toBe(200);
      expect(documentOf(answer)).toEqual(await printed('billing', 'audit', ...args));
      expect(safeParse(auditDocument, documentOf(answer)).issues).toBeUndefined();
    }
    const all = documentOf(await server.get('/api/billing/audit'));
    const first = documentOf(await server.get('/api/billing/audit?limit=1'));
    expect(first).toEqual({ ...all, findings: (all.findings as unknown[]).slice(0, 1) });
    expect(first.findings).toMatchObject([{ severity: 'drift' }]);
    expect(all).toMatchObject({ status: 'drift' });
    expect(all.notes).toBeGreaterThan(0);
  });

  it('tell the prices as exact decimals', async () => {
    const prices = {
      BILLING_RATE_GB: '0.1234567890123456789',
      BILLING_RATE_SECOND: '0.00010',
      BILLING_DISCOUNT_MODE: 'graduated',
      BILLING_DISCOUNT_TIER_1_THRESHOLD: '100.5',
      BILLING_DISCOUNT_TIER_1_PERCENT: '7.25',
    };
    const server = await serve([], { ...env(), ...prices });
    const answer = await server.get('/api/billing/prices');
    expect(answer.status).toBe(200);
    expect(safeParse(pricesDocument, documentOf(answer)).issues).toBeUndefined();
    expect(documentOf(answer)).toEqual({
      rate_per_gib: '0.1234567890123456789',
      rate_per_second: '0.0001',
      discount_enabled: true,
      discount_mode: 'graduated',
      tiers: [
        { threshold: '100.5', percent: '7.25' },
        { threshold: '500', percent: '20' },
        { threshold: '2000', percent: '30' },
      ],
    });
  });

  it('tell no tiers where discounts are off', async () => {
    const server = await serve([], { ...env(), BILLING_VOLUME_DISCOUNT_ENABLED: 'false' });
    const answer = await server.get('/api/billing/prices');
    expect(documentOf(answer)).toMatchObject({ discount_enabled: false, tiers: [] });
  });

  it('give rows to who prefers CSV', async () => {
    const day = dayFromToday(0);
    await records().day('=cmd', day, { bytes_processed: 1, job_count: -2 });
    const withRate = { ...env(), BILLING_RATE_GB: String(12.34567 * 1024 ** 3) };
    const server = await serve([], withRate);
    const path = '/api/billing/daily-usage?user_id=%3Dcmd';
    const csv = await server.get(path, { accept: 'text/csv' });
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.text.split('\r\n')[1]).toBe(`${day},1,0,-2,0,0,0,12.3457`);
    const argv = ['billing', 'daily', '--csv', '--', '=cmd'];
    const { stdout } = await runHere(argv, { env: withRate });
    expect(csv.text).toBe(stdout);
    const json = await server.get(path, { accept: 'application/json, text/csv;q=0.5' });
    expect(json.headers['content-type']).toContain('application/json');
  });

  it.each([
    ['', []],
    ['?sort=user&top=2', ['--sort', 'user', '--top', '2']],
    [`?month=${monthFromThis(0)}`, ['--month', monthFromThis(0)]],
    [`?month=${monthFromThis(-30)}`, ['--month', monthFromThis(-30)]],
  ])('give the rows of all users that the command prints: all-users%s', async (query, args) => {
    for (const [at, user] of ['=cmd', 'a,"b"', '\u{1F600}'].entries()) {
      const usage = { bytes_processed: HUGE, compute_seconds: `${at}.250001`, job_count: -1 };
      await records().tracked(user, { day: dayFromToday(0), job: user, usage });
    }
    const server = await serve([], env());
    const argv = ['billing', 'all-users', ...args, '--csv'];
    const { stdout } = await runHere(argv, { env: env() });
    const byHeader = await server.get(`/api/billing/all-users${query}`, { accept: 'text/csv' });
    const byPath = await server.get(`/api/billing/all-users.csv${query}`);
    for (const answer of [byHeader, byPath]) {
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
      expect(answer.headers['content-disposition']).toContain('attachment; filename="all-users');
      expect(answer.text).toBe(stdout);
    }
  });

  it('give the rows of days at an address of their own', async () => {
    await records().day('alice', dayFromToday(0), { bytes_processed: 1 });
    const server = await serve([], env());
    const byPath = await server.get('/api/billing/daily-usage.csv?user_id=alice');
    const byHeader = await server.get('/api/billing/daily-usage?user_id=alice', {
      accept: 'text/csv',
    });
    expect(byPath.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(byPath.text).toBe(byHeader.text);
    expect(byPath.text.split('\r\n').length).toBe(3);
  });

  it.each([
    ['summary?user_id=a&month=2026-13', 'month must be a month like 2026-11'],
    ['summary?user_id=a&month=tomorrow', 'month must be a month like 2026-11'],
    [`summary?user_id=a&month=${monthFromThis(1)}`, 'month has not begun'],
    ['summary?user_id=', 'user_id is empty'],
    ['summary?user_id=a&user_id=b', 'user_id is given twice'],
    ['summary', 'user_id is missing'],
    [`summary?user_id=${'x'.repeat(2000)}`, 'user_id is longer'],
    ['daily-usage?user_id=a&start_date=2026-02-30', 'start_date is not in the calendar'],
    ['daily-usage?user_id=a&end_date=1', 'end_date must be a date'],
    ['daily-usage?user_id=a&start_date=2026-10-02&end_date=2026-10-01', 'start_date is after'],
    ['daily-usage?user_id=a&start_date=0001-01-01', 'the range is longer'],
    ['daily-usage?user_id=a&fill=maybe', 'fill must be true or false'],
    ['all-users?sort=none', 'sort must be one of cost, bytes, compute, jobs, user'],
    ['all-users?top=0', 'top must be a whole number from 1 to 1000000'],
    ['all-users?top=1e3', 'top must be a whole number'],
    ['audit?limit=0', 'limit must be a whole number from 1 to 1000000'],
    ['audit?user_id=', 'user_id is empty'],
  ])('%s is 400', async (path, reason) => {
    const server = await serve([], env());
    const answer = await server.get(`/api/billing/${path}`);
    expect(answer.status).toBe(400);
    expect(documentOf(answer).error).toContain(reason);
  });

  it('name an unknown job as the old API does, and a damaged one', async () => {
    const server = await serve([], env());
    const missing = await server.get('/api/billing/job/none');
    expect(missing.status).toBe(404);
    expect(documentOf(missing).error).toBe('Job not found');
    await records().redis.set('billing:job:odd', 'text');
    expect((await server.get('/api/billing/job/odd')).status).toBe(502);
  });

  it('are 503 while Redis is away, without its address', async () => {
    const server = await serve([], { REDIS_URL: 'redis://127.0.0.1:1' });
    const answer = await server.get('/api/billing/summary?user_id=alice');
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect(documentOf(answer)).toEqual({ error: 'Redis is unavailable', code: 'unavailable' });
    const health = await server.get('/api/health');
    expect(health.status).toBe(503);
    expect(health.text).not.toContain('127.0.0.1');
    expect(documentOf(health)).toMatchObject({
      status: 'unhealthy',
      checks: { redis: { status: 'unhealthy' } },
    });
  });

  it.each(['/api', '/api/', '/api/nope', '/api/billing/summary/', '//api/health'])(
    '%s is 404',
    async (path) => {
      const server = await serve([], env());
      expect((await server.get(path)).status).toBe(404);
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is 405 or 403', async (method) => {
    const server = await serve([], env());
    const headers = { host: '127.0.0.1', origin: 'http://127.0.0.1' };
    const answer = await server.request(method, '/api/health', { headers });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    const foreign = await server.request(method, '/api/health', { headers: { host: '127.0.0.1' } });
    expect(foreign.status).toBe(403);
  });

  it('every path takes its own methods alone, and names them', async () => {
    const server = await serve([], env());
    const api = documentOf(await server.get('/api/openapi.json')) as unknown as OpenApi;
    const table = new Map(
      Object.entries(api.paths).map(([path, operations]) => [
        path.replaceAll(/\{\w+\}/g, 'x'),
        Object.keys(operations).map((method) => method.toUpperCase()),
      ]),
    );
    for (const path of ['/api/login', '/api/logout']) table.set(path, ['POST']);
    for (const path of ['/', '/jobs', '/jobs/x']) table.set(path, ['GET']);
    const headers = { host: '127.0.0.1', origin: 'http://127.0.0.1' };
    for (const [path, methods] of table) {
      const allowed = methods.includes('GET') ? ['GET', 'HEAD'] : methods;
      const answerTo = async (method: string, own = headers) => {
        const answer = await server.request(method, path, { headers: own });
        return { method, path, status: answer.status, allow: answer.headers.allow };
      };
      const others = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'].filter(
        (method) => !allowed.includes(method),
      );
      // They change nothing, so that they need not come from our own page.
      const safe = ['OPTIONS', 'TRACE'];
      const answers = await Promise.all([
        ...others.map((method) => answerTo(method)),
        ...safe.map((method) => answerTo(method, { host: '127.0.0.1', origin: 'null' })),
      ]);
      expect(answers).toEqual(
        [...others, ...safe].map((method) => ({
          ...{ method, path },
          ...{ status: 405, allow: allowed.join(', ') },
        })),
      );
    }
  });

  it('end with the grace, and exit status 0', async () => {
    const server = await serve([], env());
    await server.get('/api/health');
    expect(await server.stop()).toBe(0);
  });
});
