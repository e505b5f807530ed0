import stringWidth from 'string-width';
import type { Column, Presentation } from './columns.js';
import type { Paint, Tone } from './paint.js';
import { visible } from './terminal-text.js';

/** Rows of text, with all that is needed to lay them out. */
export interface Grid {
  titles: readonly string[];
  aligns: readonly ('left' | 'right')[];
}

export interface GridCell {
  text: string;
  tone: Tone | undefined;
}

export function gridOf<Row>(columns: readonly Column<Row>[]): Grid {
  return {
    titles: columns.map(({ title }) => title),
    aligns: columns.map(({ align }) => align ?? 'left'),
  };
}

/** The row as people see it, with nothing in it that a terminal would act on. */
export function cellsOf<Row>(
  row: Row,
  columns: readonly Column<Row>[],
  people: Presentation,
): GridCell[] {
  return columns.map((column) => ({
    text: visible(column.show?.(row, people) ?? String(column.value(row) ?? '')),
    tone: column.tone?.(row),
  }));
}

/** The widths that the titles and these rows need, in columns of the terminal. */
export function widthsOf(grid: Grid, rows: readonly (readonly GridCell[])[]): number[] {
  return grid.titles.map((title, index) =>
    rows.reduce(
      (width, row) => Math.max(width, stringWidth(row[index]?.text ?? '')),
      stringWidth(title),
    ),
  );
}

/** One line of plain columns, two spaces apart. A cell wider than its column pushes the rest. */
export function plainLine(
  cells: readonly GridCell[],
  grid: Grid,
  widths: readonly number[],
  paint: Paint,
): string {
  const padded = cells.map(({ text, tone }, index) => {
    const gap = ' '.repeat(Math.max(0, (widths[index] ?? 0) - stringWidth(text)));
    const isLast = index === cells.length - 1;
    if (grid.aligns[index] === 'right') return gap + paint(tone, text);
    return paint(tone, text) + (isLast ? '' : gap);
  });
  return `${padded.join('  ')}\n`;
}

export function titleCells(grid: Grid): GridCell[] {
  return grid.titles.map((text) => ({ text, tone: 'strong' }));
}

/**
 * The places of the columns that a terminal of this width has room for as plain text: those that can
 * be done without go first, the more dispensable ones before the others.
 */
export function columnsThatFit(
  columns: readonly { dispensable?: number }[],
  widths: readonly number[],
  width: number,
): number[] {
  const kept = columns.map((_column, index) => index);
  const taken = () => kept.reduce((sum, index) => sum + (widths[index] ?? 0) + 2, -2);
  while (taken() > width) {
    const most = Math.max(...kept.map((index) => columns[index]?.dispensable ?? 0));
    if (most <= 0) break;
    kept.splice(
      kept.findLastIndex((index) => columns[index]?.dispensable === most),
      1,
    );
  }
  return kept;
}

/** With borders: two for each column, and one space on each side of its text. */
export function borderedWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 3, 1);
}

export async function borderedTable(
  grid: Grid,
  rows: readonly (readonly GridCell[])[],
  paint: Paint,
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: titleCells(grid).map(({ text, tone }) => paint(tone, text)),
    colAligns: [...grid.aligns],
    // Its own colours would ignore what the stream can show.
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map(({ text, tone }) => paint(tone, text))));
  return `${table.toString()}\n`;
}
