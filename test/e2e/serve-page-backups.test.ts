import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendRecords } from '../../src/drill/records.js';
import { ownFolderOf } from '../../src/schedule/state/own-folder.js';
import { writeState } from '../../src/schedule/state/state.js';
import { shortId } from '../../src/web/backups/chain.js';
import {
  contentOfOdd,
  daysAgo,
  DEEP_KEY,
  IMAGE_KEY,
  makeBackup,
  makePastBackups,
  MANY,
  ODD_KEYS,
  type PastBackups,
} from '../helpers/backup-past.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { temporaryFolder } from '../helpers/backups.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import type { Browser } from '../helpers/browser.js';
import { VIEWS, accessibilityFindings, startBrowser } from '../helpers/browser.js';
import { storeSettings } from '../helpers/cli.js';
import { drillRecord } from '../helpers/drill-records.js';
import { entryState, scheduleState } from '../helpers/run-records.js';
import { useServers, type TestServer } from '../helpers/serve.js';
import { freshBucket, readObject, removeBucket, testStore } from '../helpers/test-store.js';
import { PROGRAM } from './run.js';

const JWT_SECRET = 'k'.repeat(40);

const { env: redisEnv } = useBillingRedis();
const start = useServers();
const store = testStore();
let browser: Browser;
let bucket: string;
let offsiteBucket: string;
let folder: string;
let remove: () => void;
/** Destinations: a broken chain, one in order, one that is not there, one without backups. */
let broken: string;
let offsite: string;
let missing: string;
let empty: string;
let past: PastBackups;
let newest: string;

beforeAll(async () => {
  browser = await startBrowser();
  [bucket, offsiteBucket] = [await freshBucket(store), await freshBucket(store)];
  ({ folder, remove } = temporaryFolder());
  broken = join(folder, 'broken');
  empty = join(folder, 'empty');
  missing = join(folder, 'not-there');
  for (const made of [broken, empty]) mkdirSync(made);
  past = await makePastBackups(store, broken, bucket);
  offsite = `s3://${offsiteBucket}/manga`;
  newest = await makeBackup(offsite, bucket, { at: daysAgo(0.05), env: backupStoreSettings() });
});
afterAll(async () => {
  await browser.close();
  remove();
  await removeBucket(store, bucket);
  await removeBucket(store, offsiteBucket);
  store.close();
});

const serve = async (...destinations: string[]): Promise<TestServer> => {
  const named = destinations.flatMap((one) => ['--backup', one]);
  const env = storeSettings({ env: { ...redisEnv(), ...backupStoreSettings() } });
  return await start([...named, '--max-age', '26h'], env);
};

/** With a schedule that has verified the destination offsite, and with drills of two destinations. */
const serveVerified = async (...destinations: string[]): Promise<TestServer> => {
  const [file, state] = [join(folder, 'mangamotion.crontab'), join(folder, 'state')];
  writeFileSync(file, `# name=proof\n0 3 * * * backup verify ${offsite} --latest\n`);
  mkdirSync(ownFolderOf(state), { recursive: true });
  const proof = entryState({ last_success_at: daysAgo(0.5).toISOString() });
  await writeState(ownFolderOf(state), scheduleState({ entries: { proof } }));
  const reason = 'the recovery took 3 h, and may take 2 h';
  const store = { scenario: 'store', rto_limit_seconds: 7200 } as const;
  await appendRecords(ownFolderOf(state), [
    drillRecord({ id: 'a', at: daysAgo(12).toISOString(), destination: offsite, ...store }),
    drillRecord({
      ...{ id: 'b', at: daysAgo(3).toISOString(), destination: broken, ...store },
      ...{ verdict: 'missed', rto_seconds: 10_800, reason },
    }),
  ]);
  const named = destinations.flatMap((one) => ['--backup', one]);
  const env = storeSettings({ env: { ...redisEnv(), ...backupStoreSettings() } });
  return await start([...named, '--max-age', '26h', '--file', file, '--state-dir', state], env);
};

const sentenceOf = (page: Page) => page.locator('.lead');
const rowOf = (page: Page, table: string, name: string) =>
  page
    .getByRole('table', { name: table, exact: true })
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name, exact: true }) });
const inside = (id: string) => `?destination=${encodeURIComponent(broken)}&backup=${id}`;
const isTooWide = async (page: Page) =>
  await page.evaluate('document.documentElement.scrollWidth > innerWidth');
const nameOf = (key: string) => key.slice(key.indexOf('/') + 1);

describe('the page of backups', () => {
  it('has a row for each destination, with its ages against their limits', async () => {
    const server = await serveVerified(broken, offsite, missing);
    const { page, errors, requests } = await browser.open();
    await page.goto(`${server.url}/backups`);
    const sentence = sentenceOf(page);
    await sentence.getByText('2 of 3').waitFor();
    expect(await sentence.textContent()).toContain(`${missing} cannot be read`);
    const rows = page.getByRole('table', { name: 'Destinations' }).getByRole('rowheader');
    expect(await rows.allTextContents()).toEqual([broken, offsite, missing]);
    const good = rowOf(page, 'Destinations', offsite);
    expect(await good.textContent()).toMatch(/in order/);
    expect(await good.getByRole('cell').nth(1).textContent()).toMatch(/7\d min ago.*limit 26 h/);
    expect(await good.getByRole('cell').nth(2).textContent()).toMatch(
      /12 h 0\d m ago.*entry proof/,
    );
    const late = rowOf(page, 'Destinations', broken);
    expect(await late.getByRole('cell').nth(1).textContent()).toMatch(/limit 26 h, \d+ h over/);
    expect(await late.getByRole('cell').nth(2).textContent()).toContain('none is recorded');
    expect(await good.getByRole('cell').nth(3).textContent()).toMatch(
      /met, 12 d ago.*limit 45 d, store in 2\.5 s of 2 h/,
    );
    expect(await late.getByRole('cell').nth(3).textContent()).toMatch(
      /missed, 3 d ago.*limit 45 d, store in 3 h 00 m of 2 h/,
    );
    const away = rowOf(page, 'Destinations', missing);
    expect(await away.textContent()).toMatch(
      /cannot be read.*unknown.*unknown.*unknown.*records cannot be read/,
    );
    const drills = page.getByRole('table', { name: 'The last drill of each scenario' });
    expect(await drills.textContent()).toContain('the recovery took 3 h, and may take 2 h');
    // A reader of the screen hears the label of the chart alone.
    const chart = page.getByRole('img', { name: 'of the last 7 days' });
    expect((await chart.ariaSnapshot()).split('\n')).toHaveLength(1);
    expect(errors).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    await page.close();
  });

  it('tells each state of verification and drills, and calls nothing good that it cannot read', async () => {
    const server = await serve(offsite);
    const { page, errors } = await browser.open();
    type Part = Record<string, unknown>;
    let change: { problem?: Part; verification?: Part; drills?: Part } = {};
    await page.route('**/api/backups', async (route) => {
      const response = await route.fetch();
      const { destinations } = (await response.json()) as { destinations: [Part] };
      const [one] = destinations;
      const { verification = null } = change;
      const status = { ...(one.status as Part), verification };
      const drills = { ...(one.drills as Part), ...change.drills };
      const changed = { ...one, problem: change.problem ?? null, status, drills };
      await route.fulfill({ json: { destinations: [changed] } });
    });
    const read = {
      ...{ status: 'ok', total_bytes: 2048, read_bytes: 2048, overdue_bytes: 0, damaged_bytes: 0 },
      ...{ oldest_read_at: daysAgo(22).toISOString(), within_seconds: 30 * 86_400 },
      last_run_at: daysAgo(0.5).toISOString(),
    };
    const drill = (days: number, more: Part = {}) => ({
      ...{ at: daysAgo(days).toISOString(), scenario: 'object', verdict: 'met', backup: null },
      ...{ cold: false, rto_seconds: 2, rto_limit_seconds: 3600, extrapolated: false },
      ...{ rpo_seconds: 60, rpo_limit_seconds: 3600, last_met_at: null, ...more },
    });
    const problem = { error: 'it does not answer', code: 'unavailable' };
    const kept = { status: 'unknown', problem, last: [drill(2)] };
    const states: [change: typeof change, state: string, verified: string, drilled: string][] = [
      [{}, 'in order', 'none is recorded', 'neverlimit 45 d'],
      [{ verification: read }, 'in order', 'agolimit 30 d, oldest part 22 d ago', 'never'],
      [
        { verification: { ...read, read_bytes: 2047, oldest_read_at: null } },
        ...(['in order', '99 % read', 'never'] as const),
      ],
      [
        { verification: { ...read, status: 'overdue', overdue_bytes: 1024 } },
        ...(['verify is late', '1.0 KiB not read for longer', 'never'] as const),
      ],
      [
        { verification: { ...read, status: 'stopped', last_run_at: daysAgo(9).toISOString() } },
        ...(['verify has stopped', '9 d ago', 'never'] as const),
      ],
      [
        { verification: { ...read, status: 'damaged', damaged_bytes: 1024 } },
        ...(['damage found', '1.0 KiB damaged', 'never'] as const),
      ],
      [{ drills: { status: 'met', last: [drill(2)] } }, 'in order', 'none', 'met, 2 d ago'],
      [
        { drills: { status: 'overdue', last: [drill(50)] } },
        ...(['drill is late', 'none', 'overdue, met 50 d agolimit 45 d, 5 d over'] as const),
      ],
      [
        { drills: { status: 'not_proven', last: [drill(2, { verdict: 'not_proven' })] } },
        ...(['drill not proven', 'none', 'not proven, 2 d ago'] as const),
      ],
      [
        { drills: { status: 'unknown', damaged: 2, last: [drill(2)] } },
        ...(['drills unknown', 'none', '2 records cannot be read'] as const),
      ],
      [
        { problem, verification: read, drills: kept },
        ...(['cannot be read', 'oldest part 22 d ago', 'records cannot be read'] as const),
      ],
    ];
    for (const [next, state, verified, drilled] of states) {
      change = next;
      await page.goto(`${server.url}/backups`);
      const cells = rowOf(page, 'Destinations', offsite).getByRole('cell');
      await cells.nth(0).getByText(state).waitFor();
      expect(await cells.nth(2).textContent()).toContain(verified);
      expect(await cells.nth(3).textContent()).toContain(drilled);
    }
    // What was good before the destination went away has no good mark.
    expect(await page.locator('.dest .ok').count()).toBe(0);
    expect(await page.locator('.dest use[href="#m-completed"]').count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  it('shows the chain of 7 and of 30 days, what grew, and what expires when', async () => {
    const server = await serve(broken);
    const { page } = await browser.open();
    await page.goto(`${server.url}/backups`);
    await page
      .getByRole('img', { name: 'last 7 days: 4, of which 1 suspect and 1 missing' })
      .waitFor();
    const table = `Backups in ${broken}`;
    const ids = page.getByRole('table', { name: table }).getByRole('rowheader');
    const [older, full] = past.fulls as [string, string];
    const week = [past.suspect, past.incremental, past.missing, full].map(shortId);
    expect(await ids.allTextContents()).toEqual(week);
    for (const [id, word] of [
      [past.suspect, 'suspect'],
      [past.incremental, 'complete'],
      [past.missing, 'missing'],
      [full, 'complete'],
    ] as const) {
      expect(await rowOf(page, table, shortId(id)).textContent()).toContain(word);
    }
    expect(await rowOf(page, table, shortId(past.missing)).textContent()).toContain(
      'others refer to it',
    );
    const faults = page.getByRole('list', { name: 'What is not in order' });
    await faults.getByText('has 2 faults in its chain').waitFor();
    await faults
      .getByText(
        `${shortId(past.suspect)}: it refers to ${shortId(past.missing)}, which is missing`,
      )
      .waitFor();
    await page.getByRole('link', { name: '30 days' }).click();
    await page.getByRole('img', { name: 'last 30 days: 5,' }).waitFor();
    expect(await ids.allTextContents()).toEqual([...week, shortId(older)]);
    expect(new URL(page.url()).searchParams.get('last')).toBe('30d');
    await page.goBack();
    await page.getByRole('img', { name: 'last 7 days' }).waitFor();
    await page.getByRole('img', { name: 'Size of 2 fulls; the axis begins at' }).waitFor();
    await page.getByText('The same as a table').click();
    const sizes = page.getByRole('table', { name: 'Sizes of fulls' }).getByRole('row');
    expect(await sizes.count()).toBe(3);
    const expiry = page.getByRole('table', { name: 'Expiry of each line' });
    expect(await expiry.textContent()).toContain(`nothing: ${shortId(past.suspect)} is suspect`);
    await page.close();
  });

  it('says what a destination without backups, and one that cannot be read, are', async () => {
    const server = await serve(offsite, empty, missing);
    const { page } = await browser.open();
    await page.goto(`${server.url}/backups`);
    await page.getByRole('link', { name: empty, exact: true }).click();
    await page.getByRole('heading', { name: `No backup in ${empty}` }).waitFor();
    await page.getByText(`mangamotion backup full ${empty}`).waitFor();
    await page.getByRole('link', { name: missing, exact: true }).click();
    await page.getByText('could not be read').waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: `No backup in ${empty}` }).waitFor();
    await page.close();
  });

  it('asks again without the whole being sent, and shows what is new', async () => {
    const server = await serve(offsite);
    const { page } = await browser.open();
    const answers: number[] = [];
    page.on('response', (response) => {
      if (new URL(response.url()).pathname === '/api/backups') answers.push(response.status());
    });
    await page.goto(`${server.url}/backups`);
    await page.getByText('in order').first().waitFor();
    await page.evaluate("dispatchEvent(new Event('online'))");
    await expect.poll(() => answers).toEqual([200, 304]);
    await page.getByText('in order').first().waitFor();
    expect(await page.locator('.lead').textContent()).toContain('in order');
    await page.close();
  });
});

describe('a backup on the page of backups', () => {
  it('is browsed by folder, whatever its keys are, and page by page', async () => {
    const server = await serve(broken);
    const { page, errors } = await browser.open();
    const [, full] = past.fulls as [string, string];
    await page.goto(`${server.url}/backups`);
    await page.getByRole('link', { name: shortId(full), exact: true }).click();
    const path = page.getByRole('navigation', { name: 'Folder' });
    await page.getByRole('link', { name: `${bucket}/`, exact: true }).click();
    const folders = `${bucket}/`;
    for (const name of DEEP_KEY.split('/').slice(0, -1))
      await page.getByRole('link', { name: `${name}/`, exact: true }).click();
    await page.getByText('leaf.txt').waitFor();
    expect(await path.textContent()).toBe(
      `All buckets / ${bucket} / ${DEEP_KEY.split('/').slice(0, -1).join(' / ')}`,
    );
    await path.getByRole('link', { name: bucket, exact: true }).click();
    await page.getByRole('link', { name: 'odd/', exact: true }).click();
    const objects = page.getByRole('table', { name: `Objects in ${folders}odd/`, exact: true });
    await objects.waitFor();
    const plain = ODD_KEYS.map(nameOf).filter((name) => !name.includes('/'));
    const shown = await objects.getByRole('rowheader').allTextContents();
    expect(shown.sort()).toEqual([...plain, '<b>bold</', 'dots/', 'double/'].sort());
    await page.getByRole('link', { name: 'dots/', exact: true }).click();
    await page.getByRole('link', { name: '../', exact: true }).click();
    await page.getByText('up.txt').waitFor();
    await page.goto(
      `${server.url}/backups${inside(full)}&folder=${encodeURIComponent(`${folders}many/`)}`,
    );
    const many = page.getByRole('table', { name: `Objects in ${folders}many/` });
    await many.getByText('000', { exact: true }).waitFor();
    expect(await many.getByRole('rowheader').count()).toBe(100);
    await page.getByRole('link', { name: 'Next page' }).click();
    await many.getByText('129', { exact: true }).waitFor();
    expect(await many.getByRole('rowheader').count()).toBe(MANY - 100);
    await page.reload();
    await many.getByText('129', { exact: true }).waitFor();
    await page.goBack();
    await many.getByText('000', { exact: true }).waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  it('gives one object byte for byte, also one with an odd name', async () => {
    const server = await serve(broken);
    const { page, errors } = await browser.open();
    const [, full] = past.fulls as [string, string];
    const open = async (key: string): Promise<Buffer> => {
      const prefix = `${bucket}/${key.slice(0, key.lastIndexOf('/') + 1)}`;
      const name = `${bucket}/${key}`.slice(prefix.length);
      await page.goto(`${server.url}/backups${inside(full)}&folder=${encodeURIComponent(prefix)}`);
      const button = page.getByRole('link', { name: `Download ${name}`, exact: true });
      const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
      return await readFile(await download.path());
    };
    const noise = await readObject(store, bucket, 'noise/2');
    expect(noise.equals(await open('noise/2'))).toBe(true);
    for (const key of ODD_KEYS) expect(await open(key)).toEqual(contentOfOdd(key));
    expect(errors).toEqual([]);
    await page.close();
  });

  it('shows an image, and the focus goes to it and back', async () => {
    const server = await serve(broken);
    const { page, errors } = await browser.open();
    const [, full] = past.fulls as [string, string];
    const name = nameOf(IMAGE_KEY);
    await page.goto(
      `${server.url}/backups${inside(full)}&folder=${encodeURIComponent(`${bucket}/pages/`)}`,
    );
    await page.getByRole('link', { name: `Preview ${name}`, exact: true }).focus();
    await page.keyboard.press('Enter');
    const image = page.getByRole('img', { name: `Preview of ${IMAGE_KEY}` });
    await image.waitFor();
    await expect
      .poll(() => image.evaluate((one: { naturalWidth: number }) => one.naturalWidth))
      .toBe(320);
    await page.keyboard.press('Escape');
    await image.waitFor({ state: 'detached' });
    await page.locator(':focus', { hasText: name }).waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  it('has commands that work as they are copied', async () => {
    const server = await serve(broken);
    const { page } = await browser.open();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const [, full] = past.fulls as [string, string];
    await page.goto(`${server.url}/backups${inside(full)}`);
    const commands = page.getByRole('region', { name: 'Commands' });
    await commands.getByRole('button').first().waitFor();
    const copied: string[] = [];
    for (const button of await commands.getByRole('button').all()) {
      await button.click();
      await page.getByRole('button', { name: 'Copied' }).first().waitFor();
      copied.push(await page.evaluate<string>('navigator.clipboard.readText()'));
    }
    expect(copied.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'mangamotion backup verify',
      `mangamotion restore ${join(broken, full)}`,
      `mangamotion restore ${join(broken, full)}`,
    ]);
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      join(bin, 'mangamotion'),
      `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`,
    );
    chmodSync(join(bin, 'mangamotion'), 0o755);
    const env = { ...storeSettings(), PATH: `${bin}:${process.env.PATH ?? ''}` };
    const typed = async (line: string) =>
      (await promisify(execFile)('sh', ['-c', line], { env })).stdout;
    expect(await typed(copied[0]!)).toContain('verified');
    expect(await typed(copied[1]!)).toContain('nothing is changed');
    await page.close();
  });

  it('gives the focus back to what opened it when it is closed', async () => {
    const server = await serve(broken);
    const { page } = await browser.open();
    await page.goto(`${server.url}/backups`);
    const [, full] = past.fulls as [string, string];
    const link = page.getByRole('link', { name: shortId(full), exact: true });
    const title = page.getByRole('heading', { name: `Inside ${shortId(full)}` });
    for (const close of ['Close', 'Escape', 'Back']) {
      await link.focus();
      await page.keyboard.press('Enter');
      await title.and(page.locator(':focus')).waitFor();
      if (close === 'Escape') await page.keyboard.press('Escape');
      else if (close === 'Back') await page.goBack();
      else {
        await page.getByRole('link', { name: 'Close' }).focus();
        await page.keyboard.press('Enter');
      }
      await title.waitFor({ state: 'detached' });
      await link.and(page.locator(':focus')).waitFor();
    }
    // Without anything that opened it, and of a backup that the table does not show.
    const [older] = past.fulls as [string, string];
    await page.goto(`${server.url}/backups${inside(older)}`);
    await page.getByRole('heading', { name: `Inside ${shortId(older)}` }).waitFor();
    await page.getByRole('link', { name: 'Close' }).click();
    await page.locator('h2:focus', { hasText: broken }).waitFor();
    await page.close();
  });

  it('says what it cannot show', async () => {
    const server = await serve(broken);
    const { page } = await browser.open();
    await page.goto(`${server.url}/backups${inside('minio_backup_full_20200101_000000')}`);
    await page.getByRole('alert').getByText('There is no such backup').waitFor();
    await page.goto(
      `${server.url}/backups${inside(past.fulls[1]!)}&folder=${encodeURIComponent(`${bucket}/nope/`)}`,
    );
    await page.getByText('There is nothing in this folder.').waitFor();
    await page.close();
  });
});

describe('the page of backups in each state', () => {
  it('is empty where no destination is named', async () => {
    const server = await serve();
    const { page } = await browser.open();
    await page.goto(`${server.url}/backups`);
    await page.getByRole('heading', { name: 'No destination is named' }).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.close();
  });

  it('loads, keeps what it knows while the server is away, and says what failed', async () => {
    const server = await serve(offsite);
    const { page } = await browser.open();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/api/backups', async (route) => {
      await asked;
      await route.continue();
    });
    await page.goto(`${server.url}/backups`);
    await page.getByText('Loading').waitFor({ state: 'attached' });
    expect(await accessibilityFindings(page)).toEqual([]);
    answer();
    await page.getByText('in order').first().waitFor();
    await page.unroute('**/api/backups');
    await page.route('**/api/backups', (route) => route.abort());
    await page.evaluate("dispatchEvent(new Event('online'))");
    await sentenceOf(page).getByText('No answer since').waitFor();
    await rowOf(page, 'Destinations', offsite).waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.unroute('**/api/backups');
    // A failure that is not tried again by itself.
    const refusal = { error: 'it cannot be so', code: 'usage' };
    await page.route('**/api/backups', (route) => route.fulfill({ status: 400, json: refusal }));
    await page.reload();
    await sentenceOf(page).getByText('It cannot be so').waitFor();
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.unroute('**/api/backups');
    await page.getByRole('button', { name: 'Try now' }).click();
    await rowOf(page, 'Destinations', offsite).waitFor();
    await page.close();
  });

  it('is for administrators', async () => {
    const env = { ...storeSettings({ env: redisEnv() }), JWT_SECRET };
    const server = await start(['--backup', broken, '--auth', 'token'], env);
    const token = await new SignJWT({ type: 'access', userId: 'alice' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(JWT_SECRET));
    const { page, requests } = await browser.open();
    await page.goto(`${server.url}/backups`);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'This page is for admins' }).waitFor();
    expect(requests.filter((url) => url.includes('/api/backups'))).toEqual([]);
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.context().clearCookies();
    await page.close();
  });

  it('is used by keyboard alone', async () => {
    const server = await serve(broken, offsite);
    const { page } = await browser.open();
    await page.goto(`${server.url}/backups`);
    await rowOf(page, 'Destinations', offsite).waitFor();
    const tabTo = async (text: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab');
        const focused = page.locator(':focus');
        // After the last link of the page, the browser has the focus.
        if ((await focused.count()) === 0) continue;
        const names = [await focused.textContent(), await focused.getAttribute('aria-label')];
        if (names.includes(text)) return;
      }
      throw new Error(`Tab does not lead to ${text}`);
    };
    await tabTo(offsite);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 2, name: offsite }).waitFor();
    await tabTo(shortId(newest));
    await page.keyboard.press('Enter');
    await page.locator('h2:focus', { hasText: `Inside ${shortId(newest)}` }).waitFor();
    await page.getByRole('link', { name: `${bucket}/`, exact: true }).waitFor();
    await tabTo(`${bucket}/`);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'noise/', exact: true }).waitFor();
    await tabTo('noise/');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Download 1', exact: true }).waitFor();
    await tabTo('Download 1');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.keyboard.press('Enter'),
    ]);
    const noise = await readObject(store, bucket, 'noise/1');
    expect(noise.equals(await readFile(await download.path()))).toBe(true);
    await page.close();
  });

  it.each(VIEWS)(
    'has no obstacle for anybody: $width, $colorScheme',
    async ({ width, colorScheme }) => {
      const server = await serve(broken, offsite, empty, missing);
      const [, full] = past.fulls as [string, string];
      const object = `${bucket}/${IMAGE_KEY}`;
      const paths = [
        '',
        '?last=30d',
        `?destination=${encodeURIComponent(empty)}`,
        `${inside(full)}&folder=${encodeURIComponent(`${bucket}/odd/`)}`,
        `${inside(full)}&folder=${encodeURIComponent(`${bucket}/pages/`)}&object=${encodeURIComponent(object)}`,
      ];
      const { page } = await browser.open({ width, height: 800 }, colorScheme);
      for (const path of paths) {
        await page.goto(`${server.url}/backups${path}`);
        await rowOf(page, 'Destinations', missing).waitFor();
        if (path.includes('folder='))
          await page.getByRole('link', { name: 'Download' }).first().waitFor();
        // What lies under the header is not looked at.
        await page.evaluate('scrollTo(0, 0)');
        const state = { path, width, colorScheme };
        const findings = await accessibilityFindings(page);
        expect({ ...state, isTooWide: await isTooWide(page), findings }).toEqual({
          ...{ ...state, isTooWide: false, findings: [] },
        });
      }
      await page.close();
    },
  );

  it.each([
    { width: 640, height: 512 },
    { width: 320, height: 256 },
  ])('fits a screen of 1280 by 1024 at 200 and 400 %: $width, $height', async (size) => {
    const server = await serve(broken, missing);
    const { page } = await browser.open(size, 'dark');
    await page.emulateMedia({ forcedColors: 'active' });
    await page.goto(`${server.url}/backups`);
    await rowOf(page, 'Destinations', missing).waitFor();
    expect(await isTooWide(page)).toBe(false);
    // The header would take more of the window than the rows.
    await page.evaluate('scrollTo(0, 1000)');
    await expect
      .poll(async () => (await page.getByRole('banner').boundingBox())?.y)
      .toBeLessThan(-90);
    await page.close();
  });
});
