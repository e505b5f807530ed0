import { Bar } from './delayed.js';

/** A column of rows that are not known yet: the classes of its cells, and whether its texts are short. */
export interface LoadingColumn {
  class?: string;
  short?: boolean;
}

const ROWS = 12;

/** Rows of grey bars where a table will be. `class` is that of the table. */
export function LoadingRows({
  columns,
  class: classes = '',
}: {
  columns: readonly LoadingColumn[];
  class?: string;
}) {
  return (
    <div class={`tbl ${classes}`.trim()}>
      <table aria-label="Loading" aria-busy="true">
        <tbody aria-hidden="true">
          {Array.from({ length: ROWS }, (_row, row) => (
            <tr key={row}>
              {columns.map(({ class: cell, short = false }, column) => (
                <td key={column} class={cell}>
                  <Bar short={short} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
