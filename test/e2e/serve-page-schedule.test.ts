import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { appendHistory } from '../../src/schedule/state/history.js';
import type { RunRecord } from '../../src/schedule/state/record.js';
import { temporaryFolder } from '../helpers/backups.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import type { Browser } from '../helpers/browser.js';
import { VIEWS, accessibilityFindings, startBrowser, tabTo } from '../helpers/browser.js';
import { TestDaemon } from '../helpers/daemon.js';
import { notRun, runRecord } from '../helpers/run-records.js';
import { useServers, type TestServer } from '../helpers/serve.js';

const JWT_SECRET = 'k'.repeat(40);
const HOUR_MS = 3600_000;

const { env } = useBillingRedis();
const start = useServers();
const { folder, remove } = temporaryFolder();
let browser: Browser;
let daemon: TestDaemon;
let tests = 0;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  remove();
});
beforeEach(() => {
  daemon = new TestDaemon(join(folder, String(++tests)), env());
  daemon.write(SCHEDULE);
});
afterEach(async () => {
  await daemon.kill();
});

/** Entries that begin only when they are asked to; `often` is due all day, in a year that is far away. */
const SCHEDULE = [
  'CRON_TZ=UTC',
  ...['# name=good', '0 0 1 1 * billing all-users'],
  ...['# name=bad', '0 0 1 1 * backup list /no/such/folder'],
  ...['# name=long', '0 0 1 1 * jobs watch --interval 1s'],
  ...['# name=often', '*/5 * * * * billing all-users'],
].join('\n');
const today = (): string => new Date().toISOString().slice(0, 10);
const tomorrow = (): string => new Date(Date.now() + 24 * HOUR_MS).toISOString().slice(0, 10);

/** A run of yesterday, which began at this hour. */
function ranAt(hour: number, given: Partial<RunRecord> = {}): RunRecord {
  const day = new Date(Date.now() - 24 * HOUR_MS).toISOString().slice(0, 10);
  const at = `${day}T${String(hour).padStart(2, '0')}:00:00.000Z`;
  const end = new Date(Date.parse(at) + HOUR_MS).toISOString();
  const times = { due_at: at, started_at: at, finished_at: end };
  return runRecord({ name: 'good', id: `good@${at}`, log_file: null, ...times, ...given });
}

async function write(records: readonly RunRecord[]): Promise<void> {
  mkdirSync(daemon.state, { recursive: true });
  await appendHistory(daemon.state, records);
}

const serve = async (...more: string[]): Promise<TestServer> => {
  const file = join(daemon.folder, 'mangamotion.crontab');
  return await start(['--file', file, '--state-dir', daemon.stateFolder, ...more], env());
};
const open = async (
  server: TestServer,
  path = '',
  ...where: Parameters<Browser['open']>
): ReturnType<Browser['open']> => {
  const opened = await browser.open(...where);
  await opened.page.goto(`${server.url}/schedule${path}`);
  return opened;
};
const sentenceOf = (page: Page) => page.locator('.lead');
const rowOf = (page: Page, table: string, name: string) =>
  page
    .getByRole('table', { name: table, exact: true })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name, exact: true }) });
const askAgain = async (page: Page) => await page.evaluate("dispatchEvent(new Event('online'))");
const focused = (page: Page) => page.locator(':focus');

describe('the page of the schedule', () => {
  it('says what runs, runs an entry now, and shows what came of it', async () => {
    await daemon.start();
    const server = await serve();
    const { page, errors, requests } = await open(server);
    await sentenceOf(page).getByText('Nothing runs now').waitFor();
    await sentenceOf(page).getByText('next is often').waitFor();
    await page.getByText('a daemon runs').waitFor();
    const long = rowOf(page, 'Entries', 'long');
    await long.getByRole('button', { name: 'Run now: long' }).click();
    await sentenceOf(page).getByText('long has run for').waitFor();
    await long.getByRole('button', { name: 'Running: long' }).waitFor();
    await rowOf(page, 'Entries', 'bad').getByRole('button', { name: 'Run now: bad' }).click();
    await daemon.recorded((all) => all.some(({ name }) => name === 'bad'));
    await sentenceOf(page).getByText('1 of 1').waitFor();
    const history = page.getByRole('table', { name: 'History', exact: true });
    const failed = history.getByRole('row').filter({ hasText: 'bad' });
    await failed.getByText('no such folder: /no/such/folder; run by hand').waitFor();
    await failed.getByRole('link', { name: /^Log of bad/ }).click();
    await page.getByRole('group', { name: 'Lines of the log' }).getByText('no such').waitFor();
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    await page.close();
  });

  it('says that an entry runs already, or that no daemon is there to run it', async () => {
    await daemon.start();
    const server = await serve();
    const { page } = await open(server);
    const button = page.getByRole('button', { name: 'Run now: long' });
    await button.waitFor();
    // The page does not learn that somebody else has started it.
    const known = await server.get('/api/schedule?count=1000');
    await page.route('**/api/schedule?*', (route) => route.fulfill({ body: known.text }));
    const headers = { origin: server.url };
    const asked = await server.request('POST', '/api/schedule/long/run', { headers });
    expect(asked.status).toBe(202);
    await daemon.until(() => daemon.hasBegun);
    await button.click();
    await page.getByRole('alert').getByText('long was not started: it is already').waitFor();
    await page.unroute('**/api/schedule?*');
    await daemon.kill();
    await askAgain(page);
    await sentenceOf(page).getByText('No daemon runs').waitFor();
    await page.getByRole('button', { name: 'Run now: good' }).click();
    await page.getByRole('alert').getByText('Start `mangamotion schedule`').waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.close();
  });

  it('opens the log of a run that is under way, and goes on to show what it prints', async () => {
    await daemon.start();
    const server = await serve();
    const { page } = await open(server);
    await page.getByRole('button', { name: 'Run now: long' }).click();
    const link = page.getByRole('link', { name: 'Log of long, which runs' });
    await link.waitFor();
    await daemon.until(() => daemon.hasBegun);
    const { log_file: file, process: owner } = daemon.savedState()!.pending[0]!;
    appendFileSync(join(daemon.stateFolder, file!), 'the first line\n');
    await link.focus();
    await page.keyboard.press('Enter');
    const lines = page.getByRole('group', { name: 'Lines of the log' });
    await lines.getByText('the first line').waitFor();
    await page.getByRole('heading', { name: 'Log of long, which runs' }).waitFor();
    appendFileSync(join(daemon.stateFolder, file!), 'a later line\n');
    await lines.getByText('a later line').waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByText('What it has printed so far').waitFor();
    process.kill(owner!.pid, 'SIGTERM');
    await page.getByRole('heading', { name: /^Log of long, \d/ }).waitFor();
    expect(await page.getByText('What it has printed so far').count()).toBe(0);
    await lines.waitFor();
    await page.close();
  });

  it('shows the day of each entry, with a table, and days before and after', async () => {
    await write([
      ranAt(1),
      ranAt(5, { exit_code: 4, reason: 'no space left' }),
      notRun('missed', { ...dueOf(ranAt(9)), id: 'm', reason: 'the machine was off', count: 3 }),
    ]);
    const server = await serve();
    const { page } = await open(server, '?day=nonsense');
    await page.getByRole('link', { name: 'Previous' }).click();
    const table = page.getByRole('table', { name: 'Runs of the day' });
    await page.getByText('The same as a table').click();
    await table.getByText('missed').waitFor();
    const rows = await table.getByRole('row').allTextContents();
    expect(rows.slice(1)).toEqual([
      '01:00:00goodran1 h 00 m',
      '05:00:00goodfailed1 h 00 m',
      '09:00:00goodmissed',
    ]);
    const history = page.getByRole('table', { name: 'History', exact: true });
    await history.getByText('the machine was off; stands for 3 runs').waitFor();
    const day = new URL(page.url()).searchParams.get('day');
    await page.reload();
    await page.getByText('The same as a table').waitFor();
    expect(new URL(page.url()).searchParams.get('day')).toBe(day);
    await page.goBack();
    await page.getByRole('link', { name: 'Today' }).and(page.locator('[aria-current]')).waitFor();
    await page.close();
  });

  it('draws what is due every few minutes as one band with its count', async () => {
    const server = await serve();
    const { page } = await open(server, `?day=${tomorrow()}`);
    const lane = page.locator('.lane').filter({ hasText: 'often' });
    await lane.getByText('288', { exact: true }).waitFor();
    expect(await lane.locator('circle').count()).toBe(0);
    await page.getByText('The same as a table').click();
    const table = page.getByRole('table', { name: 'Runs of the day' });
    expect(await table.getByRole('row').count()).toBe(289);
    await page.close();
  });

  it('shows failed and missed runs alone, by an address, and Back leads out of it', async () => {
    await write([ranAt(1), ranAt(5, { exit_code: 4, reason: 'no space left' })]);
    const server = await serve();
    const { page } = await open(server);
    const rows = page.getByRole('table', { name: 'History', exact: true }).getByRole('rowheader');
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByRole('link', { name: 'Failed and missed' }).click();
    await expect.poll(() => rows.count()).toBe(1);
    await page.getByText('no space left').waitFor();
    expect(page.url()).toBe(`${server.url}/schedule?runs=failed`);
    await page.reload();
    await expect.poll(() => rows.count()).toBe(1);
    await page.goBack();
    await expect.poll(() => rows.count()).toBe(2);
    await page.close();
  });

  it('opens a log by its address, and gives the focus back to what opened it', async () => {
    const log = 'schedule-state/runs/good/a.log';
    mkdirSync(join(daemon.state, 'runs', 'good'), { recursive: true });
    writeFileSync(join(daemon.stateFolder, log), 'printed <b>so</b>\n');
    const records = [
      ranAt(1, { id: 'one', log_file: log }),
      ranAt(5, { id: 'two', log_file: log }),
    ];
    await write(records);
    const server = await serve();
    const { page } = await open(server, '?run=one');
    const title = page.getByRole('heading', { name: /^Log of good, .* 01:00$/ });
    await title.waitFor();
    await page.getByText('printed <b>so</b>').waitFor();
    await page.getByRole('link', { name: 'Close' }).click();
    await title.waitFor({ state: 'detached' });
    const links = page.getByRole('link', { name: /^Log of good/ });
    const link = links.last();
    await link.and(focused(page)).waitFor();
    for (const close of ['Close', 'Escape', 'Back']) {
      await link.focus();
      await page.keyboard.press('Enter');
      await title.and(focused(page)).waitFor();
      if (close === 'Escape') await page.keyboard.press('Escape');
      else if (close === 'Back') await page.goBack();
      else {
        await page.getByRole('link', { name: 'Close' }).focus();
        await page.keyboard.press('Enter');
      }
      await title.waitFor({ state: 'detached' });
      await link.and(focused(page)).waitFor();
    }
    await page.goto(`${server.url}/schedule?run=nothing`);
    await page.getByRole('alert').getByText('There is no such run').waitFor();
    await page.getByRole('link', { name: 'Close' }).click();
    await page.locator('h2:focus', { hasText: 'History' }).waitFor();
    await page.close();
  });

  it('is used by keyboard alone', async () => {
    await daemon.start();
    const server = await serve();
    const { page } = await open(server);
    await page.getByRole('button', { name: 'Run now: good' }).waitFor();
    await tabTo(page, page.getByRole('button', { name: 'Run now: good' }));
    await page.keyboard.press('Enter');
    await daemon.recorded((all) => all.some(({ name }) => name === 'good'));
    await page.getByRole('link', { name: /^Log of good, \d/ }).waitFor();
    await tabTo(page, page.getByRole('link', { name: /^Log of good, \d/ }));
    await page.keyboard.press('Enter');
    await page.locator('h2:focus', { hasText: 'Log of good' }).waitFor();
    await page.getByRole('group', { name: 'Lines of the log' }).getByText('"users"').waitFor();
    await page.close();
  });
});

describe('the page of the schedule in each state', () => {
  it('is empty where no schedule is served, or nothing has run yet', async () => {
    const without = await start([], env());
    const { page } = await open(without);
    await page.getByRole('heading', { name: 'No schedule is served' }).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    const server = await serve();
    await page.goto(`${server.url}/schedule`);
    await page.getByText('There is no such run yet').waitFor();
    await sentenceOf(page).getByText('No daemon runs').waitFor();
    await page.close();
  });

  it('loads, keeps what it knows while the server is away, and says what failed', async () => {
    const server = await serve();
    const { page } = await browser.open();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const path = '**/api/schedule?*';
    await page.route(path, async (route) => {
      await asked;
      await route.continue();
    });
    await page.goto(`${server.url}/schedule`);
    await page.getByText('Loading').first().waitFor({ state: 'attached' });
    expect(await accessibilityFindings(page)).toEqual([]);
    answer();
    await rowOf(page, 'Entries', 'long').waitFor();
    await page.unroute(path);
    await page.route(path, (route) => route.abort());
    await askAgain(page);
    await sentenceOf(page).getByText('No answer since').waitFor();
    await rowOf(page, 'Entries', 'long').waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.unroute(path);
    writeFileSync(join(daemon.folder, 'mangamotion.crontab'), '0 2 * * * ackup full /mnt/a\n');
    await page.reload();
    await sentenceOf(page).getByText('mangamotion.crontab:1').waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    daemon.write(SCHEDULE);
    // It is tried again by itself.
    await rowOf(page, 'Entries', 'long').waitFor();
    await page.close();
  });

  it('says that the state cannot be used', async () => {
    mkdirSync(daemon.state, { recursive: true });
    writeFileSync(join(daemon.state, 'state.json'), '{');
    const server = await serve();
    const { page } = await open(server);
    await page.getByText('the state cannot be used: it is not JSON').waitFor();
    await sentenceOf(page).getByText('Whether a run failed today is not known.').waitFor();
    rmSync(join(daemon.state, 'state.json'));
    await page.close();
  });

  it('is for administrators', async () => {
    const server = await start(['--auth', 'token'], { ...env(), JWT_SECRET });
    const token = await new SignJWT({ type: 'access', userId: 'alice' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(JWT_SECRET));
    const { page, requests } = await open(server);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'This page is for admins' }).waitFor();
    expect(requests.filter((url) => url.includes('/api/schedule'))).toEqual([]);
    await page.context().clearCookies();
    await page.close();
  });

  it.each(VIEWS)(
    'has no obstacle for anybody: $width, $colorScheme',
    async ({ width, colorScheme }) => {
      await write([
        ranAt(1),
        ranAt(5, { exit_code: 4, reason: 'no space left' }),
        notRun('missed', { ...dueOf(ranAt(9)), id: 'm', reason: 'the machine was off' }),
      ]);
      await daemon.start();
      const server = await serve();
      const headers = { origin: server.url };
      await server.request('POST', '/api/schedule/long/run', { headers });
      await daemon.until(() => daemon.hasBegun);
      const { id } = daemon.savedState()!.pending[0]!;
      const paths = [
        '',
        `?run=${encodeURIComponent(id)}`,
        '?runs=failed',
        `?day=${today()}&run=no`,
      ];
      const { page } = await browser.open({ width, height: 800 }, colorScheme);
      for (const path of paths) {
        await page.goto(`${server.url}/schedule${path}`);
        await rowOf(page, 'Entries', 'long').waitFor();
        if (path.includes('run=')) await page.getByRole('heading', { name: /^Log/ }).waitFor();
        // What lies under the header is not looked at.
        await page.evaluate('scrollTo(0, 0)');
        const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
        const findings = await accessibilityFindings(page);
        expect({ path, width, colorScheme, isTooWide, findings }).toEqual({
          ...{ path, width, colorScheme, isTooWide: false, findings: [] },
        });
      }
      await page.close();
    },
  );
});

function dueOf({ name, due_at }: RunRecord): Pick<RunRecord, 'name' | 'due_at'> {
  return { name, due_at };
}
