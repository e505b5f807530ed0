import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadQuirks } from './load.js';
import { tablesOf } from './table.js';

const LEAST_QUIRKS = 30;

it('the page of the manual tells of every quirk, and how many there are', async () => {
  const quirks = await loadQuirks();
  expect(quirks.length).toBeGreaterThanOrEqual(LEAST_QUIRKS);
  const page = readFileSync(new URL('../../../src/manual/servers.md', import.meta.url), 'utf8');
  expect(cellsOf(page)).toEqual(cellsOf(tablesOf(quirks)));
  expect(page).toContain(`plays ${quirks.length} quirks`);
});

/** The rows of all tables, however they are laid out. */
function cellsOf(markdown: string): string[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|\s*-/.test(line))
    .map((line) => line.replace(/\s+/g, ' '));
}
