import { useMemo, useRef } from 'preact/hooks';
import { Gap } from '../kit/gap.js';
import { Cells, TableHead, type Column } from '../kit/table.js';
import { useVirtual } from '../kit/use-virtual.js';
import type { ShownUser } from './user-columns.js';
import type { UserRow } from './user-list.js';

interface UsersTableProps {
  label: string;
  columns: readonly Column<ShownUser>[];
  rows: readonly UserRow[];
  foot: ShownUser;
}

const ROW_PX = 33;

/** Of 10,000 users only those are drawn that the window shows. */
export function UsersTable({ label, columns, rows, foot }: UsersTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const keys = useMemo(() => rows.map(({ user }) => user), [rows]);
  const { first, end, before, after } = useVirtual(body, {
    keys,
    estimate: ROW_PX,
    covered: () => 0,
  });
  return (
    <div class="tbl snug stick users">
      <table role="table" aria-label={label} aria-rowcount={rows.length + 2}>
        <colgroup>
          {columns.map(({ id, class: classes = '' }) => (
            <col key={id} class={`c-${id} ${classes.includes('p3') ? 'p3' : ''}`.trim()} />
          ))}
        </colgroup>
        <TableHead columns={columns} />
        <tbody role="rowgroup" ref={body}>
          <Gap height={before} />
          {rows.slice(first, end).map((row, offset) => (
            <tr role="row" key={row.user} data-row={row.user} aria-rowindex={first + offset + 2}>
              <Cells columns={columns} row={{ ...row, name: row.user }} />
            </tr>
          ))}
          <Gap height={after} />
        </tbody>
        <tfoot role="rowgroup">
          <tr role="row" aria-rowindex={rows.length + 2}>
            <Cells columns={columns} row={foot} />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
