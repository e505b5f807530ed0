import type { Column, Presentation } from './columns.js';
import { cutInTheMiddle, widthOf } from './cut.js';
import type { Layout } from './layout.js';
import { GAP, layOut, lineWidth } from './layout.js';
import type { Paint, Tone } from './paint.js';
import { visible } from './terminal-text.js';

export interface GridCell {
  text: string;
  tone: Tone | undefined;
}

/** How wide a table may be. */
export interface TableRoom {
  /** Columns of the terminal; `Infinity` where nothing limits a line. */
  width: number;
  /** The most that a cell may take; the last one of a row, which moves no other, may take twice that. */
  cell: number;
}

/** No longer text is laid out: of more than that only both ends are looked at. */
const LONGEST_TEXT = 4096;

/** Where a column does not say how far its texts may be cut. */
const LEAST_TEXT = 12;

/** The columns of a table that are shown, and how. */
export interface TableLayout<Row> {
  columns: readonly Column<Row>[];
  widths: readonly number[];
  hidden: number;
}

/** What one line of a table goes by. */
interface LineLayout {
  columns: readonly { align?: 'left' | 'right' }[];
  widths: readonly number[];
}

/** The row as people see it, with nothing in it that a terminal would act on. */
export function cellsOf<Row>(
  row: Row,
  columns: readonly Column<Row>[],
  people: Presentation,
  { cell: most }: TableRoom,
): GridCell[] {
  return columns.map((column, at) => {
    const text = column.show?.(row, people) ?? String(column.value(row) ?? '');
    const isLast = at === columns.length - 1;
    const shown = visible(most === Infinity ? text : clipped(text));
    return { text: cutInTheMiddle(shown, isLast ? 2 * most : most), tone: column.tone?.(row) };
  });
}

function clipped(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT / 2)}…${text.slice(-LONGEST_TEXT / 2)}`;
}

/** What is shown of these columns, by the widths of the titles and of the first rows. */
export function layOutTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly (readonly GridCell[])[],
  { width }: TableRoom,
): TableLayout<Row> {
  const wants = columns.map(({ title, align, least, dispensable }, index) => {
    const wanted = rows.reduce(
      (most, row) => Math.max(most, widthOf(row[index]?.text ?? '')),
      widthOf(title),
    );
    const floor = align === 'right' ? Infinity : Math.max(LEAST_TEXT, widthOf(title));
    return { wanted, least: least ?? floor, dispensable };
  });
  const { shown, widths } = layOut(wants, width);
  return {
    columns: pick(columns, shown),
    widths,
    hidden: columns.length - shown.length,
  };
}

function pick<Part>(parts: readonly Part[], places: Layout['shown']): Part[] {
  return places.flatMap((at) => parts.slice(at, at + 1));
}

/**
 * One line: columns two blanks apart, and no blanks at its end. A cell wider than its column pushes the
 * rest as far as there is room, and is cut beyond.
 */
export function tableLine(
  cells: readonly GridCell[],
  { columns, widths }: LineLayout,
  { width }: Pick<TableRoom, 'width'>,
  paint: Paint,
): string {
  const last = cells.findLastIndex(({ text }) => text !== '');
  // What the columns leave free goes to cells that are wider than those that were measured.
  let free = Math.max(0, width - lineWidth(widths));
  const texts = cells.slice(0, last + 1).map(({ text: whole, tone }, index) => {
    const wanted = widths[index] ?? 0;
    const text = cutInTheMiddle(whole, wanted + free);
    free -= Math.max(0, widthOf(text) - wanted);
    const gap = ' '.repeat(Math.max(0, wanted - widthOf(text)));
    if (columns[index]?.align === 'right') return gap + paint(tone, text);
    return paint(tone, text) + (index === last ? '' : gap);
  });
  return texts.join(' '.repeat(GAP));
}

export function titleCells<Row>({ columns }: Pick<TableLayout<Row>, 'columns'>): GridCell[] {
  return columns.map(({ title }) => ({ text: title, tone: 'strong' }));
}

/** The cells of a row that was made before the layout was known. */
export function shownCells<Row>(
  cells: readonly GridCell[],
  all: readonly Column<Row>[],
  { columns }: TableLayout<Row>,
): GridCell[] {
  return cells.filter((_cell, at) => columns.some((column) => column === all[at]));
}
