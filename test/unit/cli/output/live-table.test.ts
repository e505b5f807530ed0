import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../src/cli/output/columns.js';
import { presentationFor } from '../../../../src/cli/output/columns.js';
import { liveTable } from '../../../../src/cli/output/live-table.js';

interface Row {
  id: string;
  user: string;
  count: number;
  why: string;
}

const columns: Column<Row>[] = [
  { title: 'id', name: 'id', value: ({ id }) => id },
  { title: 'user', name: 'user', value: ({ user }) => user, dispensable: 1 },
  { title: 'count', name: 'count', value: ({ count }) => count, align: 'right', dispensable: 2 },
  { title: 'why', name: 'why', value: ({ why }) => why, dispensable: 3 },
];
const style = (width: number, height: number, total: number) => ({
  people: presentationFor(true, () => new Date(0)),
  paint: (_tone: unknown, text: string) => text,
  ...{ width, height, total },
});
const row: Row = { id: '4711', user: 'alice', count: 3, why: 'out of memory' };

describe('a table on a live screen', () => {
  it('leaves out what can best be done without where the screen is narrow', () => {
    const at = (width: number) => liveTable(columns, [row], style(width, 10, 1));
    expect(at(80)).toEqual(['id    user   count  why', '4711  alice      3  out of memory']);
    expect(at(32)).toEqual(['id    user   count  why', '4711  alice      3  out of…emory']);
    expect(at(31)).toEqual(['id    user   count', '4711  alice      3']);
    expect(at(17)).toEqual(['id    user', '4711  alice']);
    expect(at(4)).toEqual(['id', '4711']);
    expect(at(3)).toEqual(['id', '4…1']);
  });

  it('says how many rows there is no room for', () => {
    const rows = Array.from({ length: 5 }, (_none, n) => ({ ...row, id: String(n) }));
    const ids = (height: number, total: number) =>
      liveTable(columns.slice(0, 1), rows, style(20, height, total));
    expect(ids(6, 5)).toEqual(['id', '0', '1', '2', '3', '4']);
    expect(ids(5, 5)).toEqual(['id', '0', '1', '2', 'and 2 more']);
    expect(ids(6, 900)).toEqual(['id', '0', '1', '2', '3', 'and 896 more']);
  });

  it('is never larger than the screen, whatever stands in it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    const rows = fc.array(fc.record({ id: text, user: text, count: fc.nat(), why: text }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 2, max: 9 }),
        (all, width, height) => {
          const lines = liveTable(columns, all, style(width, height, all.length));
          expect(lines.length).toBeLessThanOrEqual(height);
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});
