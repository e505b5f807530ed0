import type { Column, Presentation } from './columns.js';
import { cutInTheMiddle, widthOf, wrapped } from './cut.js';
import type { Layout } from './layout.js';
import { GAP, layOut, lineWidth } from './layout.js';
import type { Paint, Tone } from './paint.js';
import { visible } from './terminal-text.js';

export interface GridCell {
  text: string;
  /** Of a column that has a shorter form. */
  brief?: string;
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

/** Of a cell that goes on below itself. */
const MOST_LINES = 8;

/** Where a column does not say how far its texts may be cut. */
const LEAST_TEXT = 12;

/** The columns of a table that are shown, and how. */
export interface TableLayout<Row> {
  columns: readonly Column<Row>[];
  widths: readonly number[];
  hidden: number;
  /** The columns with a shorter form have that. */
  isBrief: boolean;
}

/** What one line of a table goes by. */
interface LineLayout {
  columns: readonly { align?: 'left' | 'right'; wraps?: boolean }[];
  widths: readonly number[];
}

/** The row as people see it, with nothing in it that a terminal would act on. */
export function cellsOf<Row>(
  row: Row,
  columns: readonly Column<Row>[],
  people: Presentation,
  { width, cell: most }: TableRoom,
): GridCell[] {
  return columns.map((column, at) => {
    const isLast = at === columns.length - 1;
    const mayWrap = column.wraps === true && (isLast || width !== Infinity);
    const limit = mayWrap ? MOST_LINES * most : isLast ? 2 * most : most;
    const shown = (text: string) =>
      cutInTheMiddle(visible(most === Infinity ? text : clipped(text)), limit);
    return {
      text: shown(column.show?.(row, people) ?? String(column.value(row) ?? '')),
      ...(column.brief !== undefined && { brief: shown(column.brief(row, people)) }),
      tone: column.tone?.(row),
    };
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
  const wantsOf = (isBrief: boolean) =>
    columns.map(({ title, align, least, dispensable }, index) => {
      const wanted = rows.reduce(
        (most, row) => Math.max(most, widthOf(formOf(row[index], isBrief))),
        widthOf(title),
      );
      const floor = align === 'right' ? Infinity : Math.max(LEAST_TEXT, widthOf(title));
      return { wanted, least: least ?? floor, dispensable };
    });
  const full = wantsOf(false);
  const isBrief =
    columns.some((column) => 'brief' in column) &&
    lineWidth(full.map(({ wanted }) => wanted)) > width;
  const { shown, widths } = layOut(isBrief ? wantsOf(true) : full, width);
  return {
    columns: pick(columns, shown),
    widths,
    hidden: columns.length - shown.length,
    isBrief,
  };
}

function formOf(cell: GridCell | undefined, isBrief: boolean): string {
  return (isBrief ? cell?.brief : undefined) ?? cell?.text ?? '';
}

function pick<Part>(parts: readonly Part[], places: Layout['shown']): Part[] {
  return places.flatMap((at) => parts.slice(at, at + 1));
}

/**
 * One row: columns two blanks apart, and no blanks at its end. A cell wider than its column pushes the
 * rest as far as there is room, and is cut beyond; a last one that wraps goes on in more lines.
 */
export function tableLine(
  cells: readonly GridCell[],
  { columns, widths }: LineLayout,
  { width }: Pick<TableRoom, 'width'>,
  paint: Paint,
): string {
  const last = cells.findLastIndex(({ text }) => text !== '');
  const wrapping = cells[last];
  if (wrapping !== undefined && last === widths.length - 1 && columns[last]?.wraps === true) {
    const [first = '', ...more] = linesOf(wrapping.text, widths[last] ?? 0);
    if (more.length > 0) {
      const begin = ' '.repeat(lineWidth(widths.slice(0, -1)) + GAP);
      const head = cells.map((cell, at) => (at === last ? { ...cell, text: first } : cell));
      const rest = more.map((text) => begin + paint(wrapping.tone, text));
      return [tableLine(head, { columns, widths }, { width }, paint), ...rest].join('\n');
    }
  }
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

/** A word that is wider than the column is cut. */
function linesOf(text: string, width: number): string[] {
  return wrapped(text, width).map((line) => cutInTheMiddle(line, width));
}

export function titleCells<Row>({ columns }: Pick<TableLayout<Row>, 'columns'>): GridCell[] {
  return columns.map(({ title }) => ({ text: title, tone: 'strong' }));
}

export function inForm(
  cells: GridCell[],
  { isBrief }: Pick<TableLayout<unknown>, 'isBrief'>,
): GridCell[] {
  return isBrief ? cells.map((cell) => ({ ...cell, text: cell.brief ?? cell.text })) : cells;
}

/** The cells of a row that was made before the layout was known. */
export function shownCells<Row>(
  cells: readonly GridCell[],
  all: readonly Column<Row>[],
  { columns, isBrief }: TableLayout<Row>,
): GridCell[] {
  const shown = cells.filter((_cell, at) => columns.some((column) => column === all[at]));
  return inForm(shown, { isBrief });
}
