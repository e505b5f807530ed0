import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { JobDocument } from '../data/documents.js';
import { Bar } from '../kit/delayed.js';
import { Gap } from '../kit/gap.js';
import { Cells, TableHead, type Column } from '../kit/table.js';
import { useVirtual } from '../kit/use-virtual.js';
import { jobColumns, type JobRowView } from './job-row.js';

interface JobsTableProps {
  rows: readonly (JobDocument | undefined)[];
  withUsers: boolean;
  places: ReadonlyMap<string, number>;
  /** The id of the job that is open. */
  open: string | undefined;
  hrefOf: (id: string) => string;
  onOpen: (id: string, event: MouseEvent) => void;
  hasJustChanged: (id: string) => boolean;
  /** Some rows are looked at. */
  onSee: (first: number, end: number) => void;
  /** Is given how to go to a row. */
  control: { current: TableControl | undefined };
}

export interface TableControl {
  /** Shows the row, and gives it the focus. */
  focus: (index: number) => void;
  /** Shows the row. */
  show: (index: number) => void;
  /** The row that has the focus, or had it last; -1: none. */
  focused: () => number;
}

const ROW_PX = 37;

/** All rows as far as the reader knows; of 10,000 only those are drawn that the window shows. */
export function JobsTable(props: JobsTableProps) {
  const { rows, withUsers, onSee, control } = props;
  const columns = useMemo(() => jobColumns(withUsers), [withUsers]);
  const body = useRef<HTMLTableSectionElement>(null);
  const keys = useMemo(() => rows.map((row) => row?.id), [rows]);
  const { first, end, before, after, show } = useVirtual(body, {
    keys,
    estimate: ROW_PX,
    covered: coveredPx,
  });
  const size = useMemo(() => idSize(rows), [rows]);
  const wanted = useRef<number | undefined>(undefined);
  const focused = useRef(-1);
  control.current = {
    show,
    focused: () => focused.current,
    focus: (index) => {
      wanted.current = index;
      show(index);
      focusWanted();
    },
  };
  const focusWanted = (): void => {
    const { current: index } = wanted;
    if (index === undefined) return;
    const row = body.current?.querySelector(`[aria-rowindex="${index + 2}"] .go`);
    if (!(row instanceof HTMLElement)) return;
    row.focus({ preventScroll: true });
    wanted.current = undefined;
  };
  useLayoutEffect(focusWanted);
  useLayoutEffect(() => onSee(first, end), [first, end, rows]);
  return (
    <div class={`tbl pick stick jobs ids-${size}`}>
      <table role="table" aria-label="Jobs" aria-rowcount={rows.length + 1}>
        <colgroup>
          {columns.map(({ id, class: classes = '' }) => (
            <col key={id} class={`c-${id} ${classes.includes('p3') ? 'p3' : ''}`} />
          ))}
        </colgroup>
        <TableHead columns={columns} />
        <tbody
          role="rowgroup"
          ref={body}
          onFocusIn={(event) => {
            const index = (event.target as Element).closest('tr')?.getAttribute('aria-rowindex');
            focused.current = Number(index ?? 1) - 2;
          }}
        >
          <Gap height={before} />
          {rows.slice(first, end).map((job, offset) => {
            const index = first + offset;
            return job === undefined ? (
              <LoadingRow key={`row ${index}`} columns={columns} index={index} />
            ) : (
              <Row key={job.id} {...props} columns={columns} index={index} job={job} />
            );
          })}
          <Gap height={after} />
        </tbody>
      </table>
    </div>
  );
}

/** The columns keep their widths while other rows are drawn, so that of the ids follows from all of them. */
function idSize(rows: JobsTableProps['rows']): 's' | 'm' | 'l' {
  const longest = rows.reduce((most, row) => Math.max(most, row?.id.length ?? 0), 0);
  return longest <= 8 ? 's' : longest <= 16 ? 'm' : 'l';
}

interface RowProps extends JobsTableProps {
  columns: readonly Column<JobRowView>[];
  index: number;
  job: JobDocument;
}

/** Is drawn again only for what it shows. */
function Row({ columns, index, job, places, open, hrefOf, onOpen, hasJustChanged }: RowProps) {
  const href = hrefOf(job.id);
  const place = places.get(job.id);
  const isOpen = open === job.id;
  const isNew = hasJustChanged(job.id);
  return useMemo(
    () => (
      <tr
        role="row"
        aria-rowindex={index + 2}
        data-row={job.id}
        aria-current={isOpen ? 'true' : undefined}
        class={isNew ? 'now' : undefined}
      >
        <Cells
          columns={columns}
          row={{ job, place, href, onOpen: (event) => onOpen(job.id, event) }}
        />
      </tr>
    ),
    [columns, index, job, place, href, isOpen, isNew],
  );
}

function LoadingRow({ columns, index }: { columns: RowProps['columns']; index: number }) {
  return (
    <tr role="row" aria-rowindex={index + 2} aria-busy="true">
      {columns.map(({ id, class: classes }) => (
        <td key={id} role="cell" class={classes}>
          <Bar short={id !== 'what'} />
        </td>
      ))}
    </tr>
  );
}

/** The header of the page and that of the table lie over the rows. */
function coveredPx(): number {
  const head = document.querySelector('.stick thead')?.getBoundingClientRect();
  const top = document.querySelector('.top')?.getBoundingClientRect();
  return Math.max(head !== undefined && head.height > 8 ? head.bottom : 0, top?.bottom ?? 0);
}
