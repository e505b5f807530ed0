import type { Locator, Page } from 'playwright-core';

/** The texts of the cells of a table, row by row, without the head and the foot. */
export async function cellsOf(page: Page, table: string): Promise<string[][]> {
  return await textsOf(tableOf(page, table).locator('tbody tr:not(.gap)'));
}

/** The texts of the cells of the last row, which has the sums. */
export async function sumsOf(page: Page, table: string): Promise<string[]> {
  const [sums = []] = await textsOf(tableOf(page, table).locator('tfoot tr'));
  return sums;
}

function tableOf(page: Page, name: string): Locator {
  return page.getByRole('table', { name });
}

async function textsOf(rows: Locator): Promise<string[][]> {
  const all = await rows.all();
  return await Promise.all(
    all.map(async (row) => {
      const cells = await row.locator('th, td').allTextContents();
      return cells.map((text) => text.replace(/\s+/g, ' ').trim());
    }),
  );
}

/** `$1,234.5678`, `1,024 bytes`, `-3` and the like as numbers. */
export function numberIn(text: string): number {
  const [digits] = /-?[$]?[\d,]+(?:\.\d+)?/.exec(text) ?? [''];
  return Number(digits.replace(/[$,]/g, ''));
}
