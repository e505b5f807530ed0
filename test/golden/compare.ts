import stringWidth from 'string-width';
import { expect } from 'vitest';
import type { Page } from '../../src/cli/output/page.js';
import { runAt } from '../helpers/in-process.js';
import { catalogOf, runMain, world } from '../unit/cli/world.js';

/**
 * What people see of each table: tables/NAME.txt has it at every width, and in a pipe. After a change
 * that is wanted: `npx vitest run --config test/vitest.config.ts test/golden -u`, and look at the
 * difference.
 */

export const NOW = '2026-11-29T12:00:00Z';
const WIDTHS = [60, 80, 120, undefined] as const;
const ENV = { NO_COLOR: '1', TZ: 'UTC' };

/** The widest that there can be: what a stranger chose, and what no terminal has room for. */
export const LONG = `${'very-long-user-name-'.repeat(14)}end`;
export const CJK = '漫画家🎨';
export const BUCKET = `${'the-longest-name-that-a-bucket-can-have-'.repeat(2).slice(0, 62)}x`;

/** What may stand before such a word. */
const LABEL = 12;

/** Compares what is drawn at each width, none of whose lines is wider, and in a pipe. */
export async function compareDrawn(
  name: string,
  title: string,
  draw: (columns: number | undefined) => Promise<string>,
): Promise<void> {
  const shown: string[] = [];
  for (const columns of WIDTHS) {
    const stdout = await draw(columns);
    for (const line of stdout.split('\n')) {
      expect(line).not.toMatch(/ $/);
      // A word that is wider than the terminal, such as a path, is not broken.
      const longest = Math.max(...line.split(' ').map((word) => stringWidth(word)));
      if (columns !== undefined && longest < columns - LABEL) {
        expect(stringWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
    shown.push(`--- ${columns === undefined ? 'in a pipe' : `${columns} columns`}\n${stdout}`);
  }
  await expect(`${title}\n${shown.join('')}`).toMatchFileSnapshot(`tables/${name}.txt`);
}

/** The same of what a command prints, in this environment. */
export async function compare(
  name: string,
  args: readonly string[],
  { cwd, ...more }: Readonly<Record<string, string>> & { cwd?: string } = {},
): Promise<void> {
  const env = { ...ENV, ...more };
  await compareDrawn(name, `mangamotion ${args.slice(0, 2).join(' ')}`, async (columns) => {
    const { stdout } = await runAt(NOW, args, {
      ...{ env, ...(cwd !== undefined && { cwd }) },
      ...(columns !== undefined && { columns }),
    });
    return stdout;
  });
}

/** The same of a page, drawn by the function that its command draws it with. */
export async function comparePage(
  name: string,
  title: string,
  human: (page: Page) => void,
): Promise<void> {
  const drawn = catalogOf({
    async run({ output }) {
      await output.document({ json: {}, human });
      return undefined;
    },
  });
  await compareDrawn(name, title, async (columns) => {
    const host = world({
      ...{ env: ENV, now: () => new Date(NOW) },
      ...(columns === undefined ? {} : { columns }),
    });
    return (await runMain(['backup', 'test'], drawn, host)).stdout;
  });
}
