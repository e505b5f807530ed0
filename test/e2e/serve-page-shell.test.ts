import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessToken, ADMIN_TOKEN, JWT_SECRET } from '../helpers/access-token.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import type { Browser } from '../helpers/browser.js';
import { accessibilityFindings, startBrowser, tabTo } from '../helpers/browser.js';
import { storeSettings } from '../helpers/cli.js';
import { useServers, type TestServer } from '../helpers/serve.js';

const WIDTHS = [320, 768, 1440];
const THEMES = ['light', 'dark'] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
beforeEach(async () => {
  await browser.forget();
});
afterAll(async () => {
  await browser.close();
});

const { env } = useBillingRedis();
const start = useServers();
const startWithLogin = async (args: readonly string[] = []): Promise<TestServer> => {
  const settings = { ...env(), SERVE_ADMIN_TOKEN: ADMIN_TOKEN, JWT_SECRET };
  return await start(['--auth', 'token', ...args], storeSettings({ env: settings }));
};
/** A token that is valid for some seconds: the server lets clocks differ by 30 s. */
const shortToken = async (seconds: number): Promise<string> =>
  await accessToken('alice', new Date(Date.now() + (seconds - 30) * 1000));

describe('the page, where people log in', () => {
  it('asks for a token, says what is wrong with it, and leads to the page that was wanted', async () => {
    const server = await startWithLogin();
    const { page, errors, requests } = await browser.open();
    await page.goto(`${server.url}/schedule?day=2026-11-24`);
    await page.getByLabel('Token').fill('not the token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This token is not valid.').waitFor();
    await page.getByLabel('Token').fill(ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Schedule' }).waitFor();
    expect(page.url()).toBe(`${server.url}/schedule?day=2026-11-24`);
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    await page.close();
  });

  it('shows users their own pages, and tells who they are', async () => {
    const server = await startWithLogin();
    const { page } = await browser.open();
    await page.goto(server.url);
    await page.getByLabel('Token').fill(await accessToken('alice'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('banner').getByText('alice', { exact: true }).waitFor();
    const pages = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    expect(await pages.allTextContents()).toEqual(['Jobs', 'Billing']);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    // The cookie is gone too, and nothing of the page is left.
    await page.goto(`${server.url}/billing`);
    await page.getByLabel('Token').waitFor();
    expect(await page.getByRole('banner').count()).toBe(0);
    expect(await page.context().cookies(server.url)).toEqual([]);
    await page.close();
  });

  it('is used by keyboard alone, and takes no empty token', async () => {
    const server = await startWithLogin();
    const { page, requests } = await browser.open();
    await page.goto(server.url);
    await page.getByLabel('Token').waitFor();
    await page.locator('input:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('input:focus').waitFor();
    expect(requests.filter((url) => url.endsWith('/api/login'))).toEqual([]);
    await page.keyboard.type('not the token');
    await tabTo(page, page.getByRole('button', { name: 'Sign in' }));
    await page.keyboard.press('Space');
    const field = page.getByLabel('Token');
    await page.getByRole('alert').getByText('This token is not valid.').waitFor();
    // It is selected, so that the next one takes its place.
    await page.locator('input:focus').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    const problem = page.locator(`#${await field.getAttribute('aria-describedby')}`);
    expect(await problem.textContent()).toContain('This token is not valid.');
    await page.keyboard.type(ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.close();
  });

  it('says how long to wait after too many wrong tokens', async () => {
    const server = await startWithLogin();
    const { page } = await browser.open();
    await page.goto(server.url);
    for (let tries = 0; tries < 10; tries++) {
      await page.getByLabel('Token').fill(`wrong ${tries}`);
      const [answer] = await Promise.all([
        page.waitForResponse('**/api/login'),
        page.keyboard.press('Enter'),
      ]);
      expect(answer.status()).toBe(401);
    }
    await page.getByLabel('Token').fill(ADMIN_TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText(/Too many tries from this address. Wait \d+ s./).waitFor();
    await page.close();
  });

  it('leads to the login when a token expires, and back to the page that was open', async () => {
    const server = await startWithLogin();
    const { page } = await browser.open();
    await page.goto(`${server.url}/billing?last=7d`);
    await page.getByLabel('Token').fill(await shortToken(6));
    await page.keyboard.press('Enter');
    await page.getByText('there was no usage').waitFor();
    const ended = page.getByText('Your session has ended.');
    await expect
      .poll(async () => {
        await page.evaluate('dispatchEvent(new Event("online"))');
        return await ended.isVisible();
      })
      .toBe(true);
    await page.getByLabel('Token').fill(await accessToken('alice'));
    await page.keyboard.press('Enter');
    await page.getByText('there was no usage').waitFor();
    expect(page.url()).toBe(`${server.url}/billing?last=7d`);
    await page.close();
  });

  it('leads to the login when the events end because a token has expired', async () => {
    const server = await startWithLogin();
    const { url } = server;
    const { page } = await browser.open();
    await page.goto(`${url}/jobs?status=failed`);
    await page.getByLabel('Token').fill(await shortToken(8));
    await page.keyboard.press('Enter');
    await page.getByText('live', { exact: true }).waitFor();
    // The server ends the events then, and the page asks for nothing else.
    await page.getByText('Your session has ended.').waitFor();
    await page.getByLabel('Token').fill(await accessToken('alice'));
    await page.keyboard.press('Enter');
    await page.getByText('live', { exact: true }).waitFor();
    expect(page.url()).toBe(`${url}/jobs?status=failed`);
    await page.close();
  });

  it('leads to the login when the server has another secret after a restart', async () => {
    const server = await startWithLogin();
    const { page } = await browser.open();
    await page.goto(`${server.url}/jobs`);
    await page.getByLabel('Token').fill(await accessToken('alice'));
    await page.keyboard.press('Enter');
    await page.getByText('live', { exact: true }).waitFor();
    await server.stop();
    const settings = { ...env(), SERVE_ADMIN_TOKEN: ADMIN_TOKEN, JWT_SECRET: 'l'.repeat(40) };
    const listen = ['--auth', 'token', '--listen', `127.0.0.1:${server.port}`];
    await start(listen, storeSettings({ env: settings }));
    await page.getByText('Your session has ended.').waitFor();
    await page.close();
  });

  it('waits for a server that does not answer, and goes on by itself', async () => {
    const server = await startWithLogin();
    const { page } = await browser.open();
    await page.route('**/api/session', (route) => route.abort());
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'The server is not reachable' }).waitFor();
    await page.getByText('It is tried again until there is an answer.').waitFor();
    await page.unroute('**/api/session');
    await page.getByLabel('Token').waitFor();
    await page.close();
  });

  it('has no obstacle for anybody', async () => {
    const server = await startWithLogin();
    for (const colorScheme of THEMES) {
      for (const width of WIDTHS) {
        const { page } = await browser.open({ width, height: 800 }, colorScheme);
        await page.goto(`${server.url}/login`);
        await page.getByLabel('Token').waitFor();
        expect([width, colorScheme, await accessibilityFindings(page)]).toEqual([
          ...[width, colorScheme, []],
        ]);
        await page.close();
      }
    }
  });
});

describe('the page, where nobody logs in', () => {
  it('says so, and shows the pages of an admin', async () => {
    const server = await start();
    const { page, errors } = await browser.open();
    await page.goto(server.url);
    await page.getByText('no login: admin').waitFor();
    const pages = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
    expect(await pages.allTextContents()).toEqual([
      ...['Jobs', 'Billing', 'Users', 'Backups', 'Schedule'],
    ]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('goes from page to page, and back, by keyboard alone', async () => {
    const server = await start();
    const { page } = await browser.open();
    await page.goto(`${server.url}/jobs`);
    await page.getByText('no login: admin').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
    await page.getByRole('link', { name: 'Billing' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/billing`);
    const heading = page.getByRole('heading', { level: 1, name: 'Billing' });
    await heading.waitFor();
    await page.locator('h1:focus', { hasText: 'Billing' }).waitFor();
    await page.goBack();
    await page.waitForURL(`${server.url}/jobs`);
    await expect.poll(() => page.title()).toBe('Jobs, mangamotion');
    await page.close();
  });

  it('has no page at other addresses', async () => {
    const server = await start();
    for (const path of ['/nothing', '/assets/', '/assets/../index.html', '//assets/files.json'])
      expect([path, (await server.get(path)).status]).toEqual([path, 404]);
  });
});
