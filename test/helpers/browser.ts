import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Playwright from 'playwright-core';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { findChromium } from './find-chromium.js';
import { installHint } from './install-hint.js';
import { rounds } from './rounds.js';

export interface Browser {
  /** Opens a window with this size in px; `colorScheme` is that of the system. */
  open(size?: { width: number; height: number }, colorScheme?: 'light' | 'dark'): Promise<OpenPage>;
  /** Signs out everywhere: cookies of loopback are those of all servers on it. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

interface OpenPage {
  page: Page;
  /** Errors of the page: of its code, and of what its policy has blocked. */
  errors: string[];
  /** The address of each request. */
  requests: string[];
}

/** A machine that does other things too makes no test fail. */
const PATIENCE_MS = 90_000;
const DESKTOP = { width: 1440, height: 900 };

/**
 * Starts a Chromium with a profile of its own. Throws, and says what to install, where there is none. With
 * `endsOnSignals: false`, whoever started it closes it at a signal.
 */
export async function startBrowser({ endsOnSignals = true } = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error(`These tests drive a Chromium, and there is none. ${installHint()}`);
  // By require: the loader of the demo cannot import it.
  const { chromium } = createRequire(import.meta.url)('playwright-core') as typeof Playwright;
  const profile = await mkdtemp(join(tmpdir(), 'mangamotion-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    acceptDownloads: true,
    handleSIGINT: endsOnSignals,
    handleSIGTERM: endsOnSignals,
    handleSIGHUP: endsOnSignals,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    open: async (size = DESKTOP, colorScheme = 'light') =>
      await openPage(context, size, colorScheme),
    forget: async () => await context.clearCookies(),
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

async function openPage(
  context: BrowserContext,
  size: { width: number; height: number },
  colorScheme: 'light' | 'dark',
): Promise<OpenPage> {
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // An answer that is no success is logged, too; tests look at those themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme });
  return { page, errors, requests };
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** What passes is not gathered: it is most of the page. */
const OPTIONS = { runOnly: RULES, resultTypes: ['violations'] };

/** Returns what axe finds on the page: the rule, and the elements. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  // Loaded here: it cannot be loaded by the demo, which needs it for nothing.
  const { default: axe } = await import('axe-core');
  // Through the debugger: the page's policy lets in no other script.
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(axe.source);
  return await page.evaluate<string[]>(`(async () => {
    const { violations } = await axe.run(document, ${JSON.stringify(OPTIONS)});
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '));
  })()`);
}

/** Presses Tab until the element has the focus. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let pressed = 0; pressed < 60; pressed++) {
    await page.keyboard.press('Tab');
    if (await target.evaluate(hasFocus)) return;
  }
  throw new Error('no Tab leads there');
}

/** Runs in the page, whose types are not those of Node. */
function hasFocus(element: unknown): boolean {
  const { ownerDocument } = element as { ownerDocument: { activeElement: unknown } };
  return ownerDocument.activeElement === element;
}

/**
 * How pages are looked at: the narrowest width in one theme and the widest in the other; in `test:long`
 * every width in both.
 */
export const VIEWS = [
  { width: 320, colorScheme: 'light' },
  { width: 1440, colorScheme: 'dark' },
  { width: 320, colorScheme: 'dark' },
  { width: 768, colorScheme: 'light' },
  { width: 768, colorScheme: 'dark' },
  { width: 1440, colorScheme: 'light' },
].slice(0, rounds({ sample: 2, all: 6 })) as { width: number; colorScheme: 'light' | 'dark' }[];
