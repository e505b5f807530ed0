import type { ComponentChildren } from 'preact';

/**
 * A column. On a narrow table each row folds: `lead-cell` and `key` stay on its first line, `n` comes
 * last with its label, and `p3` leaves before that. See page.css.
 */
export interface Column<Row> {
  id: string;
  title: ComponentChildren;
  /** Classes of the cells and of the head: `n`, `key`, `p3`, `tight`, `wide`, `cut`, `lead-cell`. */
  class?: string;
  /** The word before the value where the row is folded. */
  label?: string;
  /** The cell names its row. */
  isRowHead?: boolean;
  cell: (row: Row) => ComponentChildren;
  /** In the place of the plain title, for a column that is sorted by. */
  sorted?: 'ascending' | 'descending' | undefined;
}

/** The roles are said: a row that folds is no table row to a browser any more. */
export function TableHead<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return (
    <thead role="rowgroup">
      <tr role="row">
        {columns.map(({ id, title, class: classes = '', sorted }) => (
          <th
            key={id}
            scope="col"
            role="columnheader"
            class={classes.replace(/\b(lead-cell|wide|cut)\b/g, '').trim() || undefined}
            aria-sort={sorted}
          >
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** The cells of a row. */
export function Cells<Row>({ columns, row }: { columns: readonly Column<Row>[]; row: Row }) {
  return (
    <>
      {columns.map(({ id, class: classes, label, isRowHead, cell }) =>
        isRowHead === true ? (
          <th key={id} scope="row" role="rowheader" class={classes}>
            {cell(row)}
          </th>
        ) : (
          <td key={id} role="cell" class={classes} data-l={label}>
            {cell(row)}
          </td>
        ),
      )}
    </>
  );
}

/** A table that folds by its own width, of rows that are all there. */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  class: classes = '',
  foot,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** `pick`: rows are links. `snug`: rows to read only. `stick`: the head stays. */
  class?: string;
  foot?: ComponentChildren;
}) {
  return (
    <div class={`tbl ${classes}`}>
      <table role="table" aria-label={label}>
        <TableHead columns={columns} />
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr role="row" key={keyOf(row)}>
              <Cells columns={columns} row={row} />
            </tr>
          ))}
        </tbody>
        {foot !== undefined && <tfoot role="rowgroup">{foot}</tfoot>}
      </table>
    </div>
  );
}
