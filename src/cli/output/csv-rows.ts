import type { RowWriter } from '../../json-rows.js';
import type { Column } from './columns.js';
import { csvLine } from '../../csv.js';
import type { CsvStyle } from '../../csv.js';
import { visible } from './terminal-text.js';

export function csvRowWriter<Row>(
  columns: readonly Column<Row>[],
  style: CsvStyle & { toTerminal: boolean },
): RowWriter<Row> {
  const shown = style.toTerminal ? visible : (text: string) => text;
  return {
    begin: () =>
      csvLine(
        columns.map(({ name }) => name),
        style,
      ),
    row: (row) => {
      const cells = columns.map((column) => column.value(row));
      return csvLine(
        cells.map((cell) => (typeof cell === 'string' ? shown(cell) : cell)),
        style,
      );
    },
    end: () => '',
    fail: () => '',
  };
}
