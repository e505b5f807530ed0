import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { sortOnDisk } from '../../../../src/object-store/order/disk-sort.js';
import { collect } from '../../../helpers/archive-memory.js';
import { spilledBytes } from '../../../helpers/spilled-bytes.js';

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function* pagesOf(items: readonly string[], size: number): AsyncGenerator<string[]> {
  for (let i = 0; i < items.length; i += size) {
    yield await Promise.resolve(items.slice(i, i + size));
  }
}

const leftInTemporaryFolder = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('mangamotion-spill-'));

describe('what is sorted on the disk', () => {
  it('is what it was, in order and without repetitions, in however many runs', async () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 4 }), { maxLength: 60 });
    const sizes = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(texts, sizes, fc.integer({ min: 1, max: 30 }), async (items, size, run) => {
        const sorted = await collect(sortOnDisk(pagesOf(items, size), compare, undefined, run));
        expect(sorted.flat()).toEqual([...new Set(items)].sort(compare));
      }),
      { numRuns: 60 },
    );
    expect(leftInTemporaryFolder()).toEqual([]);
  });

  it('keeps characters that some readers of lines take for the end of one', async () => {
    const items = ['b\u2028c', 'a\u2029', '\u2028', 'd\re', 'f\ng'];
    const sorted = await collect(sortOnDisk(pagesOf(items, 1), compare, undefined, 1));
    expect(sorted.flat()).toEqual([...items].sort(compare));
  });

  it('lies there encrypted', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `plainname-7f3a/${500 - i}`);
    const spilled: Buffer[] = [];
    for await (const page of sortOnDisk(pagesOf(names, 100), compare, undefined, 10)) {
      expect(page.length).toBeGreaterThan(0);
      spilled.push(...spilledBytes());
    }
    expect(Buffer.concat(spilled).length).toBeGreaterThan(5000);
    expect(Buffer.concat(spilled).includes('plainname-7f3a')).toBe(false);
  });

  it('comes in pages, and leaves nothing when its reader stops early', async () => {
    const items = Array.from({ length: 2500 }, (_, i) => String(i));
    const pages = sortOnDisk(pagesOf(items, 100), compare, undefined, 700);
    expect((await pages.next()).value).toHaveLength(1000);
    await pages.return(undefined);
    expect(leftInTemporaryFolder()).toEqual([]);
  });
});
