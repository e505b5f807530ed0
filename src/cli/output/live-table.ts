import type { Column, Presentation } from './columns.js';
import { cutToWidth } from './cut.js';
import type { Paint } from './paint.js';
import type { GridCell } from './table.js';
import { cellsOf, layOutTable, shownCells, tableLine, titleCells } from './table.js';

export interface LiveStyle {
  people: Presentation;
  paint: Paint;
  width: number;
  /** Lines for all of it, the titles and the last line too. */
  height: number;
  /** How many rows there are; those given are the first of them. */
  total: number;
}

/** A table of which no line is wider than the screen, and which says how many rows it leaves out. */
export function liveTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { people, paint, width, height, total }: LiveStyle,
): string[] {
  const fits = total <= height - 1;
  const shown = rows.slice(0, Math.max(0, fits ? total : height - 2));
  const room = { width, cell: width };
  const all = shown.map((row) => cellsOf(row, columns, people, room));
  const layout = layOutTable(columns, all, room);
  const line = (cells: readonly GridCell[]) => tableLine(cells, layout, room, paint);
  const rest = paint('muted', cutToWidth(`and ${total - shown.length} more`, width));
  return [
    line(titleCells(layout)),
    ...all.map((cells) => line(shownCells(cells, columns, layout))),
    ...(fits ? [] : [rest]),
  ];
}
