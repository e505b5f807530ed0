import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, stopServer, waitUntil, type Server } from '../helpers/child-processes.js';
import { startBrowser, type Browser } from '../helpers/browser.js';
import { findChromium } from '../helpers/find-chromium.js';
import { installHint } from '../helpers/install-hint.js';
import { countOf } from '../../src/cli/output/units.js';
import { PAGES } from '../../src/web/routing/addresses.js';
import { say } from './terminal.js';

/** The dashboard, and what a browser shows of it. */

type OpenPage = Awaited<ReturnType<Browser['open']>>;

let server: Server | undefined;
let browser: Browser | undefined;

/** Starts `mangamotion serve`, whose log goes to a file. Resolves to the address of its pages. */
export async function openDashboard(
  words: string[],
  { env, cwd }: { env: NodeJS.ProcessEnv; cwd: string },
): Promise<string> {
  const logFile = join(cwd, 'serve.log');
  const started = startServer(process.execPath, words, { env, cwd, logFile });
  server = started;
  const port = () => /"port":(\d+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
  await waitUntil('mangamotion serve', [started], () => Promise.resolve(port() !== undefined));
  const url = `http://127.0.0.1:${port() ?? ''}`;
  say(`The server listens at ${url}`);
  return url;
}

/** Ends the server and the browser, as far as they run. */
export async function closeDashboard(): Promise<void> {
  await browser?.close();
  browser = undefined;
  if (server !== undefined) await stopServer(server);
  server = undefined;
}

/** Opens each page once in a browser, and says what is on it. */
export async function lookAtPages(url: string): Promise<void> {
  if (findChromium() === undefined) {
    say(`No Chromium is here to look at the pages with. ${installHint()}`);
    say('`npm run demo -- --keep` leaves the server running for a browser of yours.');
    return;
  }
  browser = await startBrowser({ endsOnSignals: false });
  for (const { path: page } of PAGES) {
    // The bill is that of one user.
    const path = page === '/billing' ? `${page}?user=bob` : page;
    const opened = await browser.open();
    await opened.page.goto(`${url}${path}`);
    say(`\n${path}`);
    for (const line of await seenOn(opened)) say(`  ${line}`);
    if (opened.errors.length > 0) throw new Error(`${path}: ${opened.errors.join('\n')}`);
    await opened.page.close();
  }
}

/** The heading, the sentence below it, and how many rows each table with a name has. */
async function seenOn({ page }: OpenPage): Promise<string[]> {
  const sentence = page.locator('.lead', { hasText: /\S/ }).filter({ hasNotText: 'Loading' });
  await sentence.waitFor();
  const heading = await page.getByRole('heading', { level: 1 }).innerText();
  const lines = [`${heading}: ${oneLine(await sentence.innerText())}`];
  for (const table of await page.getByRole('table').all()) {
    // Each row of data begins with its header; spacers and sums do not count.
    const rows = await table.getByRole('rowheader').count();
    const label = await table.getAttribute('aria-label');
    const name = label ?? oneLine((await table.locator('caption').allInnerTexts()).join(' '));
    if (name !== '') lines.push(`${name}: ${countOf(rows, 'row')}`);
  }
  return lines;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
