import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from '../helpers/browser.js';
import { accessibilityFindings, startBrowser } from '../helpers/browser.js';
import { useServers } from '../helpers/serve.js';

const ADMIN_TOKEN = 'a-token-of-forty-eight-bytes-that-nobody-guesses';
const WIDTHS = [320, 768, 1440];
const THEMES = ['light', 'dark'] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});

const start = useServers();
const startWithLogin = async () =>
  await start(['--auth', 'token'], { SERVE_ADMIN_TOKEN: ADMIN_TOKEN });

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
