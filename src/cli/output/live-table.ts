import type { Column, Presentation } from './columns.js';
import { cutToWidth } from './cut.js';
import type { Paint } from './paint.js';
import type { GridCell } from './table.js';
import { cellsOf, columnsThatFit, gridOf, plainLine, titleCells, widthsOf } from './table.js';

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
  const all = shown.map((row) => cellsOf(row, columns, people));
  const widths = widthsOf(gridOf(columns), all);
  const kept = columnsThatFit(columns, widths, width);
  const pick = <Part>(parts: readonly Part[]) => kept.flatMap((at) => parts.slice(at, at + 1));
  const grid = gridOf(pick(columns));
  const narrow = clamped(pick(widths), width);
  const line = (cells: readonly GridCell[]) =>
    plainLine(cutCells(cells, narrow), grid, narrow, paint).trimEnd();
  const rest = paint('muted', cutToWidth(`and ${total - shown.length} more`, width));
  return [titleCells(grid), ...all.map(pick)].map(line).concat(fits ? [] : [rest]);
}

/** Of the last columns only what is left of the screen. */
function clamped(widths: readonly number[], width: number): number[] {
  let left = width;
  return widths.map((wanted) => {
    const given = Math.max(0, Math.min(wanted, left));
    left -= given + 2;
    return given;
  });
}

function cutCells(cells: readonly GridCell[], widths: readonly number[]): GridCell[] {
  return cells.map(({ text, tone }, at) => ({ text: cutToWidth(text, widths[at] ?? 0), tone }));
}
