import type { Column, Presentation } from './columns.js';
import { wrapped } from './cut.js';
import type { Paint } from './paint.js';
import type { RowWriter } from '../../json-rows.js';
import type { GridCell, TableLayout, TableRoom } from './table.js';
import { cellsOf, inForm, layOutTable, shownCells, tableLine, titleCells } from './table.js';
import { visible } from './terminal-text.js';
import { countOf } from './units.js';

/** Rows that are held back to find the widths of the columns. */
const MEASURED_ROWS = 500;

export interface HumanStyle {
  people: Presentation;
  paint: Paint;
  room: TableRoom;
}

export interface HumanTexts {
  /** Instead of a table without rows. */
  empty?: string | undefined;
  /** A last line, below the table. */
  footer?: (() => string | undefined) | undefined;
}

/** Says, below all tables of an answer, what was left out of them; empty where it is nothing. */
export function hiddenText(hidden: number): string {
  return hidden === 0 ? '' : `${countOf(hidden, 'column')} hidden; --wide or --json shows all`;
}

/**
 * Plain columns, as wide as the first rows need and the terminal allows. `onHidden` is told how many
 * columns there was no room for; without it the last line says so.
 */
export function humanRowWriter<Row>(
  columns: readonly Column<Row>[],
  { people, paint, room }: HumanStyle,
  texts: HumanTexts & { onHidden?: (count: number) => void },
): RowWriter<Row> {
  const held: GridCell[][] = [];
  let layout: TableLayout<Row> | undefined;

  const release = (): string => {
    const found = layOutTable(columns, held, room);
    layout = found;
    const rows = held.splice(0).map((cells) => shownCells(cells, columns, found));
    texts.onHidden?.(found.hidden);
    return [titleCells(found), ...rows]
      .map((cells) => `${tableLine(cells, found, room, paint)}\n`)
      .join('');
  };
  const notes = (): string => {
    const hidden = texts.onHidden === undefined ? hiddenText(layout?.hidden ?? 0) : '';
    const footer = texts.footer?.();
    return [
      ...(footer === undefined ? [] : wrapped(visible(footer), room.width)),
      ...(hidden === '' ? [] : [paint('muted', hidden)]),
    ]
      .map((line) => `${line}\n`)
      .join('');
  };

  return {
    begin: () => '',
    row: (row) => {
      if (layout !== undefined) {
        const cells = inForm(cellsOf(row, layout.columns, people, room), layout);
        return `${tableLine(cells, layout, room, paint)}\n`;
      }
      held.push(cellsOf(row, columns, people, room));
      return held.length > MEASURED_ROWS ? release() : '';
    },
    end: () => {
      const isEmpty = layout === undefined && held.length === 0 && texts.empty !== undefined;
      const rest = layout === undefined && !isEmpty ? release() : '';
      return (isEmpty ? `${visible(texts.empty ?? '')}\n` : rest) + notes();
    },
    fail: () => (layout === undefined && held.length > 0 ? release() : ''),
  };
}
