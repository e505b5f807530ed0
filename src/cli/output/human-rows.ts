import type { Column, Presentation } from './columns.js';
import type { Paint } from './paint.js';
import type { RowWriter } from './row-writers.js';
import type { GridCell } from './table.js';
import { visible } from './terminal-text.js';
import {
  borderedTable,
  borderedWidth,
  cellsOf,
  columnsThatFit,
  gridOf,
  plainLine,
  titleCells,
  widthsOf,
} from './table.js';

/** Rows that are held back to find the widths of the columns. A table with borders has no more. */
const MAX_TABLE_ROWS = 500;

export interface HumanStyle {
  people: Presentation;
  paint: Paint;
  /** The columns of the terminal that a table with borders may take; `null` for none of them. */
  tableWidth: number | null;
}

export interface HumanTexts {
  /** Instead of a table without rows. */
  empty?: string | undefined;
  /** A last line, below the table. */
  footer?: (() => string | undefined) | undefined;
}

/**
 * A table with borders on a terminal where it fits; else plain columns, as wide as the first rows
 * need.
 */
export function humanRowWriter<Row>(
  columns: readonly Column<Row>[],
  style: HumanStyle,
  texts: HumanTexts,
): RowWriter<Row> {
  let shown = columns;
  let grid = gridOf(columns);
  const held: GridCell[][] = [];
  let widths: number[] | undefined;

  const line = (cells: readonly GridCell[]) => plainLine(cells, grid, widths ?? [], style.paint);
  const release = (found: number[]): string => {
    const kept = columnsThatFit(columns, found, style.tableWidth ?? Infinity);
    const pick = <Part>(parts: readonly Part[]) => kept.flatMap((at) => parts.slice(at, at + 1));
    shown = pick(columns);
    grid = gridOf(shown);
    widths = pick(found);
    for (const [at, cells] of held.entries()) held[at] = pick(cells);
    const text = [titleCells(grid), ...held].map(line).join('');
    held.length = 0;
    return text;
  };
  const rest = async (): Promise<string> => {
    if (widths !== undefined) return '';
    if (held.length === 0 && texts.empty !== undefined) return `${visible(texts.empty)}\n`;
    const found = widthsOf(grid, held);
    const fits = style.tableWidth !== null && borderedWidth(found) <= style.tableWidth;
    return fits ? borderedTable(grid, held, style.paint) : release(found);
  };

  return {
    begin: () => '',
    row: (row) => {
      const cells = cellsOf(row, shown, style.people);
      if (widths !== undefined) return line(cells);
      held.push(cells);
      return held.length > MAX_TABLE_ROWS ? release(widthsOf(grid, held)) : '';
    },
    end: async () => {
      const table = await rest();
      const footer = texts.footer?.();
      return footer === undefined ? table : `${table}${visible(footer)}\n`;
    },
    fail: () => (widths === undefined && held.length > 0 ? release(widthsOf(grid, held)) : ''),
  };
}
