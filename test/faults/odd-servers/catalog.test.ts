import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadQuirks } from './load.js';
import { tablesOf } from './table.js';

const LEAST_QUIRKS = 30;

it('the README beside this file tells of every quirk', async () => {
  const quirks = await loadQuirks();
  expect(quirks.length).toBeGreaterThanOrEqual(LEAST_QUIRKS);
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  expect(cellsOf(readme)).toEqual(cellsOf(tablesOf(quirks)));
});

/** The rows of all tables, however they are laid out. */
function cellsOf(markdown: string): string[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|\s*-/.test(line))
    .map((line) => line.replace(/\s+/g, ' '));
}
