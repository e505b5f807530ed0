import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
const serve = async (): Promise<TestServer> => await start([], storeSettings({ env: env() }));
const billing = async <T>(...args: string[]): Promise<T> =>
  (await runJson<T>(['billing', ...args], { env: env() })).answer;

/** Usage on some days, which the lifetime and the jobs have too. */
beforeEach(async () => {
  const days = [0, -1, -2, -8, -40, -70];
  const usage = (at: number) => ({
    bytes_processed: (at + 3) * GIB + 17,
    compute_seconds: (at + 1) * 5000.25,
    job_count: 3 + at,
    jobs_completed: 2,
    jobs_failed: 1 + at,
    jobs_skipped: 0,
  });
  const sum = { bytes_processed: 0, compute_seconds: 0, job_count: 0 };
  for (const [at, day] of days.entries()) {
    const { bytes_processed: bytes, compute_seconds: seconds, job_count: count } = usage(at);
    await records().day('alice', dayFromToday(day), usage(at));
    await records().job(`job-${at}`, {
      ...{ user_id: 'alice', bytes_processed: bytes, compute_seconds: seconds },
    });
    sum.bytes_processed += bytes;
    sum.compute_seconds += seconds;
    sum.job_count += count;
  }
  await records().user('alice', { ...sum, jobs_completed: 12, jobs_failed: 21 });
});

interface Summary {
  month: {
    bytes_processed: number;
    compute_seconds: number;
    job_count: number;
    gross_cost: number;
    net_cost: number;
    discount_percent: number;
  };
}
interface Daily {
  daily_usage: { date: string; job_count: number; jobs_failed: number; cost_exact: string }[];
  totals: { job_count: number; cost_exact: string };
}

const figure = async (page: Page, name: string): Promise<string> => {
  const group = page
    .locator('.figures > div')
    .filter({ has: page.getByText(name, { exact: true }) });
  return (await group.locator('dd').allTextContents()).join(' ');
};
const sentenceOf = (page: Page): Locator => page.getByRole('status').first();
const openBill = async (server: TestServer, query = 'user=alice') => {
  const opened = await browser.open();
  await opened.page.goto(`${server.url}/billing?${query}`);
  return opened;
};
const whenReady = async (page: Page): Promise<void> => {
  await page.getByRole('table', { name: 'Daily usage' }).waitFor();
  await page.getByRole('heading', { name: 'Prices' }).waitFor();
};

describe('the page of billing', () => {
  it('has the figures of the report, and its arithmetic', async () => {
    const server = await serve();
    const { page, errors, requests } = await openBill(server);
    await whenReady(page);
    const { month } = await billing<Summary>('summary', 'alice');
    const cost = await figure(page, 'Cost, net');
    expect(numberIn(cost)).toBe(month.net_cost);
    expect(numberIn(cost.slice(cost.indexOf(' ')))).toBe(month.gross_cost);
    expect(await figure(page, 'Data')).toContain(
      `${month.bytes_processed.toLocaleString('en-US')} bytes`,
    );
    expect(await figure(page, 'Compute')).toContain(
      `${month.compute_seconds.toLocaleString('en-US', { minimumFractionDigits: 2 })} s`,
    );
    expect(numberIn(await figure(page, 'Jobs'))).toBe(month.job_count);
    expect(numberIn((await sentenceOf(page).locator('b').first().textContent()) ?? '')).toBe(
      month.net_cost,
    );
    const sum = page.locator('table.sum');
    expect(numberIn((await sum.locator('tfoot td').last().textContent()) ?? '')).toBe(
      month.net_cost,
    );
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    await page.close();
  });

  it.each([
    ['7 days', '7d', ['--last', '7d']],
    ['30 days', '30d', ['--last', '30d']],
    ['90 days', '90d', ['--last', '90d']],
    ['Month', 'month', ['--from', `${monthFromThis(0)}-01`]],
  ])('shows %s as bars, with the same days in the table', async (title, id, args) => {
    const server = await serve();
    const { page } = await openBill(server);
    await whenReady(page);
    await page.getByRole('link', { name: title, exact: true }).click();
    await page.waitForURL(`${server.url}/billing?user=alice&last=${id}`);
    const daily = await billing<Daily>('daily', 'alice', '--fill', ...args);
    await expect
      .poll(async () => (await cellsOf(page, 'Daily usage')).length)
      .toBe(daily.daily_usage.length);
    const rows = await cellsOf(page, 'Daily usage');
    expect(
      rows.map(([day = '', , , jobs = '', , failed = '', , cost = '']) => ({
        ...{ date: day.slice(0, 10), job_count: numberIn(jobs), jobs_failed: numberIn(failed) },
        cost: numberIn(cost).toFixed(4),
      })),
    ).toEqual(
      daily.daily_usage
        .map(({ date, job_count, jobs_failed, cost_exact }) => ({
          ...{ date, job_count, jobs_failed },
          cost: Number(cost_exact).toFixed(4),
        }))
        .reverse(),
    );
    const sums = await sumsOf(page, 'Daily usage');
    expect(numberIn(sums.at(-1) ?? '')).toBeCloseTo(Number(daily.totals.cost_exact), 4);
    const withCost = daily.daily_usage.filter(({ cost_exact }) => Number(cost_exact) > 0);
    const bars = page.locator('.chart rect title');
    expect((await bars.allTextContents()).map((text) => text.slice(0, 10))).toEqual(
      withCost.map(({ date }) => date),
    );
    const chosen = page.getByRole('group', { name: 'Range' }).locator('[aria-current=true]');
    expect(await chosen.textContent()).toBe(title);
    await page.close();
  });

  it('shows a month that is over by its days', async () => {
    const server = await serve();
    const { page } = await openBill(server);
    await whenReady(page);
    await page.getByLabel('Month', { exact: true }).selectOption(monthFromThis(-1));
    await page.waitForURL(`${server.url}/billing?user=alice&month=${monthFromThis(-1)}`);
    const { month } = await billing<Summary>('summary', 'alice', '--month', monthFromThis(-1));
    await expect.poll(async () => numberIn(await figure(page, 'Cost, net'))).toBe(month.net_cost);
    await expect
      .poll(async () => (await cellsOf(page, 'Daily usage')).at(-1)?.[0]?.slice(0, 10))
      .toBe(`${monthFromThis(-1)}-01`);
    await page.goBack();
    await page.waitForURL(`${server.url}/billing?user=alice`);
    await page.close();
  });

  it('tells how far the next tier is, and which one is reached', async () => {
    const gross = 120;
    await records().day('bob', dayFromToday(0), { bytes_processed: 0, compute_seconds: 1_200_000 });
    const server = await serve();
    const { page } = await openBill(server, 'user=bob');
    await whenReady(page);
    const { month } = await billing<Summary>('summary', 'bob');
    expect(month).toMatchObject({ gross_cost: gross, discount_percent: 10, net_cost: 108 });
    await sentenceOf(page)
      .getByText(`$${(500 - gross).toFixed(4)}`)
      .waitFor();
    expect(await sentenceOf(page).textContent()).toMatch(/10.% off.*more reaches 20.%/);
    const tiers = page.getByRole('region', { name: 'Volume discount' });
    expect(await tiers.getByRole('img').getAttribute('aria-label')).toBe(
      'Gross $120.0000: in the tier of 10 per cent; the steps are at $100, $500, $2,000',
    );
    await page.close();
  });

  it('saves the days as the command prints them, byte for byte', async () => {
    const server = await serve();
    const { page } = await openBill(server, 'user=alice&last=90d');
    await whenReady(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV of the days' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`alice-90d-${dayFromToday(0)}.csv`);
    const { stdout } = await run(
      ['billing', 'daily', 'alice', '--last', '90d', '--fill', '--csv'],
      {
        env: env(),
      },
    );
    expect(await readFile(await download.path(), 'utf8')).toBe(stdout);
    await page.close();
  });

  it('says what went wrong when there is no CSV', async () => {
    const server = await serve();
    const { page } = await openBill(server);
    await whenReady(page);
    await server.stop();
    await page.getByRole('button', { name: 'CSV of the days' }).click();
    await page.getByRole('alert').getByText('The server is not reachable').waitFor();
    await page.close();
  });

  it('asks an admin for a user, who is kept in the address', async () => {
    const server = await serve();
    const { page } = await openBill(server, '');
    await page.getByRole('heading', { name: 'No user is chosen' }).waitFor();
    await page.getByLabel('User').fill('alice');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/billing?user=alice`);
    await sentenceOf(page).getByText('alice owes').waitFor();
    await expect.poll(() => page.title()).toBe('Billing of alice, mangamotion');
    await page.goBack();
    await page.getByRole('heading', { name: 'No user is chosen' }).waitFor();
    await page.close();
  });

  it('shows a user without usage as one who owes nothing', async () => {
    const server = await serve();
    const { page } = await openBill(server, 'user=nobody');
    await whenReady(page);
    await sentenceOf(page).getByText('there was no usage').waitFor();
    expect(await page.locator('.chart rect').count()).toBe(0);
    await page.close();
  });

  it('keeps the place of what a slow server has not told yet', async () => {
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
    await page.goto(`${server.url}/billing?user=alice`);
    await page.locator('.lead .sk').first().waitFor();
    await page.locator('.figures[aria-busy=true] .sk').first().waitFor();
    await page.locator('.chart-space .sk').waitFor();
    const height = async () => (await page.locator('.figures').boundingBox())?.height;
    const before = await height();
    expect(await sentenceOf(page).textContent()).toContain('Loading');
    tell();
    await whenReady(page);
    expect(await height()).toBe(before);
    await page.close();
  });

  it('keeps what it shows when the server is gone, and says since when', async () => {
    const server = await serve();
    const { page } = await openBill(server);
    await whenReady(page);
    const cost = await figure(page, 'Cost, net');
    await server.stop();
    // It asks again as soon as somebody looks at it again.
    await page.evaluate('dispatchEvent(new Event("online"))');
    await sentenceOf(page).getByText('No answer since').waitFor();
    await page.getByRole('banner').locator('.live.stale').waitFor();
    expect(await figure(page, 'Cost, net')).toBe(cost);
    expect((await cellsOf(page, 'Daily usage')).length).toBe(30);
    await page.close();
  });

  it('says that Redis is away, and goes on by itself when it is back', async () => {
    const redis = await startRedisServer();
    const server = await start([], storeSettings({ env: { REDIS_URL: redis.url } }));
    await redis.stop();
    const { page } = await openBill(server);
    await sentenceOf(page).getByText('(503)').waitFor();
    await sentenceOf(page).getByRole('button', { name: 'Try now' }).waitFor();
    const again = await startRedisServer({ port: redis.port });
    await sentenceOf(page).getByText('there was no usage').waitFor();
    await page.close();
    await again.stop();
  });

  it('tells a long reason without leaving a narrow screen', async () => {
    const server = await serve();
    const { page } = await browser.open({ width: 320, height: 256 });
    const error =
      'the days cannot be read, because the server does not answer within three seconds';
    await page.route('**/api/billing/**', (route) =>
      route.fulfill({ status: 503, json: { error, code: 'unavailable' } }),
    );
    await page.goto(`${server.url}/billing?user=alice`);
    await page.getByText('The days are not known').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    await page.close();
  });

  it('is used by keyboard alone', async () => {
    const server = await serve();
    const { page } = await openBill(server, '');
    await page.getByRole('heading', { name: 'No user is chosen' }).waitFor();
    await page.getByRole('link', { name: 'Billing' }).focus();
    await tabTo(page, page.getByLabel('User'));
    await page.keyboard.type('alice');
    await page.keyboard.press('Enter');
    await whenReady(page);
    await tabTo(page, page.getByLabel('Month', { exact: true }));
    await page.keyboard.press('ArrowDown');
    await page.waitForURL(`${server.url}/billing?user=alice&month=${monthFromThis(-1)}`);
    await tabTo(page, page.getByRole('link', { name: '7 days' }));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/billing?user=alice&month=${monthFromThis(-1)}&last=7d`);
    await expect.poll(async () => (await cellsOf(page, 'Daily usage')).length).toBe(7);
    await page.locator(':focus', { hasText: '7 days' }).waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Audit now' }));
    await page.keyboard.press('Enter');
    await page.getByText('Nothing found').waitFor();
    await page.close();
  });

  it('has no obstacle for anybody, and no scrolling to the side', async () => {
    await records().day('gone', dayFromToday(-1), { bytes_processed: 5, job_count: 1 });
    const server = await serve();
    for (const { width, colorScheme } of VIEWS) {
      const { page } = await browser.open({ width, height: 800 }, colorScheme);
      for (const path of [
        '/billing',
        '/billing?user=alice&last=90d',
        `/billing?user=alice&month=${monthFromThis(-5)}`,
      ]) {
        await page.goto(`${server.url}${path}`);
        if (path !== '/billing') await whenReady(page);
        await page.getByRole('button', { name: 'Audit now' }).click();
        await page.getByText('checked at').waitFor();
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

describe('the audit on the page of billing', () => {
  it('finds nothing in counters that agree', async () => {
    const server = await serve();
    const { page } = await openBill(server);
    await whenReady(page);
    const audit = page.getByRole('region', { name: 'Audit' });
    await audit.getByRole('button', { name: 'Audit now' }).click();
    await audit.getByRole('status').getByText('Nothing found').waitFor();
    expect(await audit.getByRole('status').textContent()).toContain(
      '1 user, 6 days, 6 jobs checked',
    );
    await page.close();
  });

  it('tells each finding of the command, what it means and what to do', async () => {
    await records().day('gone', dayFromToday(-1), { bytes_processed: GIB, job_count: 1 });
    await records().day('alice', dayFromToday(-3), { bytes_processed: 2 * GIB });
    await records().job('nobodys', { bytes_processed: 3 });
    const server = await serve();
    const { page } = await openBill(server, '');
    const audit = page.getByRole('region', { name: 'Audit' });
    await audit.getByRole('button', { name: 'Audit now' }).click();
    await audit.getByRole('status').getByText('2 findings').waitFor();
    const told = await billing<{
      findings: { severity: string; user_id: string; what: string; cause: string }[];
      notes: number;
    }>('audit');
    const drift = told.findings.filter(({ severity }) => severity === 'drift');
    expect(drift.map(({ user_id }) => user_id).sort()).toEqual(['alice', 'gone']);
    for (const { user_id: user, what, cause } of drift) {
      const row = audit.getByRole('row').filter({ has: page.getByRole('link', { name: user }) });
      expect(await row.textContent()).toContain(what);
      expect(await row.textContent()).toContain(cause);
    }
    expect(await audit.getByText('What to do:').count()).toBeGreaterThanOrEqual(2);
    await audit.getByText(`${told.notes} notes`).click();
    await audit.getByText('A job names no user').waitFor();
    await audit.getByRole('link', { name: 'gone' }).click();
    await page.waitForURL(`${server.url}/billing?user=gone`);
    await page.close();
  });

  it('says why there is no answer, and can be stopped', async () => {
    const server = await serve();
    const { page } = await openBill(server);
    await whenReady(page);
    const audit = page.getByRole('region', { name: 'Audit' });
    await page.route('**/api/billing/audit*', () => undefined);
    await audit.getByRole('button', { name: 'Audit now' }).click();
    await audit.getByText('The records are being read').waitFor();
    await audit.getByRole('button', { name: 'Stop' }).click();
    await page.unroute('**/api/billing/audit*');
    await server.stop();
    await audit.getByRole('button', { name: 'Audit now' }).click();
    await audit.getByRole('status').getByText('The server is not reachable').waitFor();
    await page.close();
  });
});
