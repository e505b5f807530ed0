import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Browser } from '../helpers/browser.js';
import { VIEWS, accessibilityFindings, startBrowser } from '../helpers/browser.js';
import { jobData } from '../helpers/bull-queues.js';
import { storeSettings } from '../helpers/cli.js';
import { useJobResults } from '../helpers/job-results.js';
import { LiveQueue } from '../helpers/live-queue.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { noise } from '../helpers/seed.js';
import { useServers, type TestServer } from '../helpers/serve.js';

/** After so many changes at once, the server tells a reset. */
const BURST = 3000;
const KEPT = { removeOnComplete: false };

const used = useJobResults();
const start = useServers();
let browser: Browser;
let queue: LiveQueue;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
});
beforeEach(() => {
  queue = new LiveQueue(used.server.port);
});
afterEach(async () => {
  await queue.close();
});

const serve = async (): Promise<TestServer> =>
  await start([], storeSettings({ env: { REDIS_URL: used.server.url, S3_BUCKET: used.bucket } }));
const rowOf = (page: Page, id: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: id, exact: true }) });
const rowIds = async (page: Page) =>
  await page.getByRole('table', { name: 'Jobs' }).getByRole('rowheader').allTextContents();
const countOf = (page: Page, status: string) =>
  page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: status });

describe('the page of jobs', () => {
  it('shows each change of a job as it happens', async () => {
    const server = await serve();
    const id = await queue.add(jobData('alice'), KEPT);
    const { page, errors } = await browser.open();
    await page.goto(server.url);
    await page.getByText('live', { exact: true }).waitFor();
    await rowOf(page, id).getByText('pending').waitFor();
    await countOf(page, '1 pending').waitFor();
    queue.work();
    const running = await queue.begun(id);
    await rowOf(page, id).getByText('processing').waitFor();
    await running.job.updateProgress(45);
    await rowOf(page, id).getByText('45 %').waitFor();
    await countOf(page, '1 processing').waitFor();
    running.complete();
    await rowOf(page, id).getByText('completed').waitFor();
    await countOf(page, '1 completed').waitFor();
    const later = await queue.add(jobData('bob'), KEPT);
    await rowOf(page, later).waitFor();
    expect(await rowIds(page)).toEqual([later, id]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('downloads a result byte for byte', async () => {
    const content = noise(300_000, 'a result');
    await used.complete('old-1', content);
    const server = await serve();
    const { page, errors } = await browser.open();
    await page.goto(`${server.url}/jobs/old-1`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(content.equals(await readFile(await download.path()))).toBe(true);
    expect(page.url()).toBe(`${server.url}/jobs/old-1`);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('keeps filter and job in its address, and Back leads through them', async () => {
    const good = await queue.add(jobData('alice'), KEPT);
    const bad = await queue.add(jobData('bob'), KEPT);
    queue.work();
    (await queue.begun(good)).complete();
    (await queue.begun(bad)).fail('no frame on page 7');
    const server = await serve();
    const { page } = await browser.open();
    await page.goto(server.url);
    await countOf(page, '1 failed').click();
    await rowOf(page, good).waitFor({ state: 'detached' });
    expect(page.url()).toBe(`${server.url}/jobs?status=failed`);
    await rowOf(page, bad).getByText('no frame on page 7').waitFor();
    await page.getByRole('link', { name: bad, exact: true }).click();
    await page.getByRole('heading', { name: `Job ${bad}` }).waitFor();
    expect(page.url()).toBe(`${server.url}/jobs/${bad}?status=failed`);
    await page.reload();
    await page.getByRole('heading', { name: `Job ${bad}` }).waitFor();
    await rowOf(page, bad).waitFor();
    expect(await rowIds(page)).toEqual([bad]);
    await page.goBack();
    await page.getByRole('heading', { name: `Job ${bad}` }).waitFor({ state: 'detached' });
    await page.goBack();
    await rowOf(page, good).waitFor();
    await page.close();
  });

  it('is used by keyboard alone', async () => {
    const older = await queue.add(jobData('alice'), KEPT);
    const newer = await queue.add(jobData('alice'), KEPT);
    const server = await serve();
    const { page } = await browser.open();
    await page.goto(server.url);
    await rowOf(page, newer).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `Job ${newer}` }).waitFor();
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: `Job ${older}` }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator(':focus', { hasText: older }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('nothing-like-it');
    await page.getByText('No id contains nothing-like-it').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('No job nothing-like-it').waitFor();
    await page.close();
  });

  it('says that no worker is there, until one is', async () => {
    const id = await queue.add(jobData('alice'), KEPT);
    const server = await serve();
    const { page } = await browser.open();
    await page.goto(server.url);
    const sentence = page.getByRole('status').first();
    await sentence.getByText('No worker is connected').waitFor();
    queue.work();
    await queue.begun(id);
    await sentence.getByText('is processing on 1 worker').waitFor();
    await page.close();
  });

  it('keeps what it shows while Redis is away, says so, and is right when it is back', async () => {
    const redis = await startRedisServer();
    const before = new LiveQueue(redis.port);
    const id = await before.add(jobData('alice'), KEPT);
    const server = await start([], storeSettings({ env: { REDIS_URL: redis.url } }));
    const { page } = await browser.open();
    await page.goto(server.url);
    await rowOf(page, id).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    const sentence = page.getByRole('status').first();
    await before.close();
    await redis.stop();
    await sentence.getByText('No answer since').waitFor();
    expect(await rowIds(page)).toEqual([id]);
    // It comes back without what it had.
    const again = await startRedisServer({ port: redis.port });
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
    const after = new LiveQueue(redis.port);
    const later = await after.add(jobData('bob'), { ...KEPT, jobId: 'later' });
    await rowOf(page, later).waitFor();
    await sentence.getByText('No worker is connected').waitFor();
    await page.close();
    await after.close();
    await again.stop();
  });

  it('says that the server shuts down, and is right when it is back', async () => {
    const before = await queue.add(jobData('alice'), KEPT);
    const server = await serve();
    const { page } = await browser.open();
    await page.goto(server.url);
    await rowOf(page, before).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    const sentence = page.getByRole('status').first();
    const told = sentence.getByText('The server is shutting down').waitFor();
    await server.stop();
    await told;
    await sentence.getByText('No answer since').waitFor();
    expect(await rowIds(page)).toEqual([before]);
    const later = await queue.add(jobData('bob'), KEPT);
    await start(
      ['--listen', `127.0.0.1:${server.port}`],
      storeSettings({ env: { REDIS_URL: used.server.url, S3_BUCKET: used.bucket } }),
    );
    await page.getByText('live', { exact: true }).waitFor();
    await rowOf(page, later).waitFor();
    await page.close();
  });

  it('lists again after a reset, each page after a wait of its own', async () => {
    const server = await serve();
    const { page } = await browser.open();
    await page.addInitScript(`
      Math.random = () => 0.9;
      const plain = setTimeout;
      window.waits = [];
      window.setTimeout = (call, ms) => { waits.push(ms); return plain(call, ms); };
    `);
    await page.goto(server.url);
    await page.getByText('live', { exact: true }).waitFor();
    const spread = 2700;
    expect(await page.evaluate('waits')).not.toContain(spread);
    // Too many at once to be told one by one. A page that has just begun to listen may miss some.
    const burst = async () => {
      const events = used.redis.multi();
      for (let at = 0; at < BURST; at++)
        events.xadd('bull:ai-job:events', '*', 'event', 'waiting', 'jobId', `gone-${at}`);
      await events.exec();
      return await page.evaluate('waits');
    };
    await expect.poll(burst, { interval: 5000 }).toContain(spread);
    await page.close();
  });

  it('has the server search, whatever was read of the list', async () => {
    const many = Array.from({ length: 1500 }, (_, at) => ({
      ...{ name: 'video', data: jobData(at % 2 === 0 ? 'alice' : 'bob') },
      opts: { ...KEPT, jobId: `made-${String(at).padStart(4, '0')}` },
    }));
    await queue.queue.addBulk(many);
    const server = await serve();
    const { page, requests } = await browser.open();
    await page.goto(server.url);
    await rowOf(page, 'made-1499').waitFor();
    requests.length = 0;
    await page.keyboard.press('/');
    await page.keyboard.type('MADE-000');
    await expect
      .poll(() => rowIds(page))
      .toEqual(Array.from({ length: 10 }, (_, at) => `made-000${9 - at}`));
    await page.getByText('10 jobs found').waitFor();
    const asked = requests
      .map((url) => new URL(url))
      .filter((url) => url.searchParams.has('limit'));
    const searches = asked.filter((url) => url.searchParams.has('id'));
    expect(searches.at(-1)?.searchParams.get('id')).toBe('MADE-000');
    // Nothing else is read, and not after each key.
    expect(asked.filter((url) => Number(url.searchParams.get('limit')) > 100)).toEqual([]);
    expect(searches.length).toBeLessThan('MADE-000'.length);
    // The counts, and the sentence, are those of all jobs.
    await countOf(page, '1,500 pending').waitFor();
    const fresh = await queue.add(jobData('alice'), { ...KEPT, jobId: 'made-000-too' });
    await rowOf(page, fresh).waitFor();
    await queue.add(jobData('alice'), { ...KEPT, jobId: 'other' });
    await countOf(page, '1,502 pending').waitFor();
    expect((await rowIds(page)).length).toBe(11);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `Job ${fresh}` }).waitFor();
    await page.goBack();
    await page.getByLabel('Search by job id').fill('');
    await rowOf(page, 'other').waitFor();
    await page.close();
  });

  it('says that nothing was searched while the server is gone', async () => {
    await queue.add(jobData('alice'), KEPT);
    const server = await serve();
    const { page } = await browser.open();
    await page.goto(server.url);
    await page.getByText('live', { exact: true }).waitFor();
    await server.stop();
    await page.keyboard.press('/');
    await page.keyboard.type('nothing-like-it');
    await page.getByRole('heading', { name: 'nothing was searched' }).waitFor();
    await page.close();
  });

  it('has no obstacle for anybody, with and without a job open', async () => {
    const id = await queue.add(jobData('alice'), KEPT);
    queue.work();
    (await queue.begun(id)).fail('no frame on page 7');
    await used.complete('old-1');
    const server = await serve();
    for (const { width, colorScheme } of VIEWS) {
      const { page } = await browser.open({ width, height: 800 }, colorScheme);
      for (const path of ['/jobs', `/jobs/${id}`, '/jobs/old-1', '/jobs/nothing']) {
        await page.goto(`${server.url}${path}`);
        await page.getByText('live', { exact: true }).waitFor();
        if (path !== '/jobs') await page.locator('.drawer h3, .drawer .state').first().waitFor();
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
