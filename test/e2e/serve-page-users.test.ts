import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessToken, ADMIN_TOKEN, JWT_SECRET } from '../helpers/access-token.js';
import { dayFromToday, monthFromThis, useBillingRedis } from '../helpers/billing-records.js';
import type { Browser } from '../helpers/browser.js';
import { VIEWS, accessibilityFindings, startBrowser, tabTo } from '../helpers/browser.js';
import { run, runJson, storeSettings } from '../helpers/cli.js';
import { cellsOf, numberIn, sumsOf } from '../helpers/page-tables.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { useServers, type TestServer } from '../helpers/serve.js';

const { records, env } = useBillingRedis();
const start = useServers();
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});

const GIB = 1024 ** 3;
const MONTH = monthFromThis(0);
/** Nobody is first or last in two of the orders. */
const USERS = {
  alice: { bytes_processed: 5 * GIB, compute_seconds: 40_000, job_count: 4 },
  bob: { bytes_processed: 90 * GIB, compute_seconds: 5000, job_count: 9 },
  carol: { bytes_processed: 7 * GIB, compute_seconds: 2_000_000, job_count: 2 },
  dave: { bytes_processed: 0, compute_seconds: 0, job_count: 0 },
  'eve of <b>the</b> long name': {
    bytes_processed: 20 * GIB,
    compute_seconds: 30_000,
    job_count: 30,
  },
};

beforeEach(async () => {
  for (const [user, usage] of Object.entries(USERS)) {
    await records().user(user, { ...usage, jobs_failed: 1 });
    await records().day(user, dayFromToday(0), usage);
  }
});

const serve = async (): Promise<TestServer> => await start([], storeSettings({ env: env() }));
const openUsers = async (server: TestServer, query = '') => {
  const opened = await browser.open();
  await opened.page.goto(`${server.url}/users${query}`);
  return opened;
};
const whenReady = async (page: Page): Promise<void> => {
  await page.getByRole('table', { name: 'Users' }).waitFor();
};
const namesOf = async (page: Page): Promise<string[]> =>
  (await cellsOf(page, 'Users')).map(([name = '']) => name);
const sentenceOf = (page: Page): Locator => page.getByRole('status').first();

interface AllUsers {
  users: {
    user_id: string;
    month: { job_count: number; gross_cost: number; net_cost: number; discount_percent: number };
  }[];
  totals: { month: { net_cost: number; job_count: number } };
}
const allUsers = async (...args: string[]): Promise<AllUsers> =>
  (await runJson<AllUsers>(['billing', 'all-users', ...args], { env: env() })).answer;

describe('the page of users', () => {
  it('has the figures of the report, the most expensive user first', async () => {
    const server = await serve();
    const { page, errors, requests } = await openUsers(server);
    await whenReady(page);
    const told = await allUsers('--month', MONTH);
    const rows = await cellsOf(page, 'Users');
    expect(
      rows.map(([name, , , jobs = '', gross = '', discount = '', net = '']) => ({
        ...{ name, jobs: numberIn(jobs), gross: numberIn(gross) },
        ...{ discount: numberIn(discount), net: numberIn(net) },
      })),
    ).toEqual(
      told.users.map(({ user_id: name, month }) => ({
        ...{ name, jobs: month.job_count, gross: month.gross_cost },
        ...{ discount: month.discount_percent, net: month.net_cost },
      })),
    );
    const sums = await sumsOf(page, 'Users');
    expect(sums[0]).toBe('5 users');
    expect(numberIn(sums[3] ?? '')).toBe(told.totals.month.job_count);
    expect(numberIn(sums[6] ?? '')).toBe(told.totals.month.net_cost);
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    await page.close();
  });

  it('names those who make most of the sum', async () => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    const { users, totals } = await allUsers('--month', MONTH);
    const top = users.slice(0, 3);
    const sum = top.reduce((all, { month }) => all + month.net_cost, 0);
    const text = (await sentenceOf(page).textContent()) ?? '';
    expect(text).toContain('4 of 5 users owe');
    expect(text).toContain(`$${totals.month.net_cost.toFixed(2)}`);
    const [first, second, third] = top.map(({ user_id: name }) => name);
    expect(text).toContain(`Three of them, ${first}, ${second} and ${third}, owe`);
    expect(text).toContain(`${Math.round((sum / totals.month.net_cost) * 100)}\u00a0%`);
    await page.close();
  });

  it.each([
    ['By data', 'bytes'],
    ['By compute', 'compute'],
    ['By jobs', 'jobs'],
    ['By name', 'user'],
  ])('is sorted %s as the command does', async (title, id) => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    await page.getByLabel('Sort').selectOption(title);
    await page.waitForURL(`${server.url}/users?sort=${id}`);
    const told = await allUsers('--month', MONTH, '--sort', id);
    const expected = told.users.map(({ user_id: name }) => name);
    await expect.poll(() => namesOf(page)).toEqual(expected);
    const sorted = page.locator('th[aria-sort]');
    expect(await sorted.getAttribute('aria-sort')).toBe(id === 'user' ? 'ascending' : 'descending');
    await page.close();
  });

  it('is sorted by the heads of the columns, and Back leads to the order before', async () => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    const head = page.getByRole('columnheader', { name: 'Jobs' });
    await head.getByRole('link').click();
    await page.waitForURL(`${server.url}/users?sort=jobs`);
    await expect.poll(async () => (await namesOf(page))[0]).toBe('eve of <b>the</b> long name');
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    await page.goBack();
    await page.waitForURL(`${server.url}/users`);
    await expect.poll(async () => (await namesOf(page))[0]).toBe('carol');
    await page.close();
  });

  it('is searched by parts of names, and says how many there are', async () => {
    const server = await serve();
    const { page } = await openUsers(server, '?q=ALI');
    await expect.poll(() => namesOf(page)).toEqual(['alice']);
    expect(await page.getByLabel('Search by user').inputValue()).toBe('ALI');
    await page.getByText('1 of 5 users').waitFor();
    await page.getByLabel('Search by user').fill('<b>');
    await expect.poll(() => namesOf(page)).toEqual(['eve of <b>the</b> long name']);
    await page.getByLabel('Search by user').fill('nobody');
    await page.getByText('No user’s name contains nobody').waitFor();
    await page.getByRole('link', { name: 'Show all users' }).click();
    await expect.poll(async () => (await namesOf(page)).length).toBe(5);
    await page.close();
  });

  it('leads to the two pages of one user', async () => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    await page.getByRole('link', { name: 'Bill of eve' }).click();
    await sentenceOf(page).getByText('eve of <b>the</b> long name owes').waitFor();
    expect(new URL(page.url()).searchParams.get('user')).toBe('eve of <b>the</b> long name');
    await page.goBack();
    await whenReady(page);
    await page.getByRole('link', { name: 'Jobs of bob' }).click();
    await page.waitForURL(`${server.url}/jobs?user=bob`);
    await page.getByRole('heading', { level: 1, name: 'Jobs' }).waitFor();
    expect(await page.getByLabel('User', { exact: true }).inputValue()).toBe('bob');
    await page.close();
  });

  it('keeps month, order and search in its address', async () => {
    await records().day('bob', `${monthFromThis(-1)}-05`, { compute_seconds: 10_000 });
    const server = await serve();
    const { page } = await openUsers(server, `?month=${monthFromThis(-1)}&sort=user&q=bo`);
    await expect.poll(() => namesOf(page)).toEqual(['bob']);
    await page.reload();
    await expect.poll(() => namesOf(page)).toEqual(['bob']);
    expect(numberIn((await cellsOf(page, 'Users'))[0]?.[6] ?? '')).toBe(1);
    expect(await page.getByLabel('Month', { exact: true }).inputValue()).toBe(monthFromThis(-1));
    await page.getByRole('link', { name: 'Bill of bob' }).click();
    await page.waitForURL(`${server.url}/billing?user=bob&month=${monthFromThis(-1)}`);
    await page.close();
  });

  it('shows what was used since the beginning', async () => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    await page.getByLabel('Month', { exact: true }).selectOption('Since the beginning');
    await page.waitForURL(`${server.url}/users?month=all`);
    await page.getByRole('columnheader', { name: 'Failed' }).waitFor();
    await sentenceOf(page).getByText('since the beginning, before discounts').waitFor();
    await page.close();
  });

  it.each([
    ['', `users-${MONTH}.csv`, ['--month', MONTH]],
    ['?month=all', 'users-all.csv', []],
  ])('saves all users as the command prints them, byte for byte: %s', async (query, name, args) => {
    const server = await serve();
    const { page } = await openUsers(server, query);
    await whenReady(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV of all users' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(name);
    const { stdout } = await run(['billing', 'all-users', ...args, '--csv'], { env: env() });
    expect(await readFile(await download.path(), 'utf8')).toBe(stdout);
    await page.close();
  });

  it('draws only the rows that are looked at, of thousands', async () => {
    const count = 3000;
    const pipeline = records().redis.pipeline();
    for (let at = 0; at < count; at++) {
      const user = `user-${String(at).padStart(5, '0')}`;
      pipeline.hset(`billing:user:${user}`, { job_count: 1, compute_seconds: 1 });
    }
    await pipeline.exec();
    const server = await serve();
    const { page } = await openUsers(server, '?month=all&sort=user');
    await whenReady(page);
    expect((await namesOf(page)).length).toBeLessThan(200);
    await page.keyboard.press('End');
    await page.getByRole('rowheader', { name: 'user-02999' }).waitFor();
    await page.getByLabel('Search by user').fill('1234');
    await expect.poll(() => namesOf(page)).toEqual(['user-01234']);
    await page.close();
  });

  it('says that there are none', async () => {
    await records().redis.flushall();
    const server = await serve();
    const { page } = await openUsers(server);
    await page.getByRole('heading', { name: 'No users yet' }).waitFor();
    expect(await sentenceOf(page).textContent()).toBe('There are no users yet.');
    await page.close();
  });

  it('says that a month has expired', async () => {
    const server = await serve();
    const { page } = await openUsers(server, `?month=${monthFromThis(-20)}`);
    await page.getByRole('heading', { name: 'have expired' }).waitFor();
    await page.getByRole('link', { name: 'Show it' }).click();
    await page.waitForURL(`${server.url}/users?month=all`);
    await whenReady(page);
    await page.close();
  });

  it('has grey rows while a slow server has not answered', async () => {
    const server = await serve();
    const { page } = await browser.open();
    let tell = (): void => undefined;
    const isTold = new Promise<void>((resolve) => {
      tell = resolve;
    });
    await page.route('**/api/billing/**', async (route) => {
      await isTold;
      await route.continue();
    });
    await page.goto(`${server.url}/users`);
    await page.getByRole('table', { name: 'Loading' }).waitFor();
    expect(await sentenceOf(page).textContent()).toContain('Loading');
    tell();
    await whenReady(page);
    await page.close();
  });

  it('keeps what it shows when the server is gone, and says since when', async () => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    await server.stop();
    // It asks again as soon as somebody looks at it again.
    await page.evaluate('dispatchEvent(new Event("online"))');
    await sentenceOf(page).getByText('No answer since').waitFor();
    expect((await namesOf(page)).length).toBe(5);
    await page.getByRole('button', { name: 'CSV of all users' }).click();
    await page.getByRole('alert').getByText('The server is not reachable').waitFor();
    await page.close();
  });

  it('says that Redis is away, and goes on when it is back', async () => {
    const redis = await startRedisServer();
    const server = await start([], storeSettings({ env: { REDIS_URL: redis.url } }));
    await redis.stop();
    const { page } = await openUsers(server);
    await sentenceOf(page).getByText('(503)').waitFor();
    const again = await startRedisServer({ port: redis.port });
    await page.getByRole('heading', { name: 'No users yet' }).waitFor();
    await page.close();
    await again.stop();
  });

  it('is for admins: a user is told so, and asks the server for nothing', async () => {
    const settings = { ...env(), JWT_SECRET, SERVE_ADMIN_TOKEN: ADMIN_TOKEN };
    const server = await start(['--auth', 'token'], storeSettings({ env: settings }));
    const { page, requests } = await openUsers(server);
    await page.getByLabel('Token').fill(await accessToken('alice'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'This page is for admins' }).waitFor();
    expect(requests.filter((url) => url.includes('/api/billing/'))).toEqual([]);
    await page.getByRole('link', { name: 'Billing' }).click();
    await sentenceOf(page).getByText('You owe').waitFor();
    expect(await page.getByRole('button', { name: 'Audit now' }).count()).toBe(0);
    expect(await page.getByLabel('User', { exact: true }).count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Users' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.close();
  });

  it('is used by keyboard alone', async () => {
    const server = await serve();
    const { page } = await openUsers(server);
    await whenReady(page);
    await page.keyboard.press('/');
    await page.keyboard.type('bo');
    await expect.poll(() => namesOf(page)).toEqual(['bob']);
    await page.keyboard.press('Escape');
    await expect.poll(async () => (await namesOf(page)).length).toBe(5);
    await tabTo(page, page.getByRole('columnheader', { name: 'Data' }).getByRole('link'));
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await namesOf(page))[0]).toBe('bob');
    await tabTo(page, page.getByRole('link', { name: 'Bill of bob' }));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/billing?user=bob`);
    await page.locator('h1:focus', { hasText: 'Billing' }).waitFor();
    await page.close();
  });

  it('has no obstacle for anybody, and no scrolling to the side', async () => {
    const server = await serve();
    for (const { width, colorScheme } of VIEWS) {
      const { page } = await browser.open({ width, height: 800 }, colorScheme);
      for (const path of ['/users', '/users?month=all&sort=user', '/users?q=nobody']) {
        await page.goto(`${server.url}${path}`);
        await page.locator('main table[aria-label^=Users], main .state').first().waitFor();
        const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
        const findings = await accessibilityFindings(page);
        expect({ path, width, colorScheme, isTooWide, findings }).toEqual({
          ...{ path, width, colorScheme, isTooWide: false, findings: [] },
        });
      }
      await page.close();
    }
  });
});
