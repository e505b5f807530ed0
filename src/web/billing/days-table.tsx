import type { DailyDocument } from '../data/documents.js';
import { Cells, Table, type Column } from '../kit/table.js';
import { decimalOf, dollarsText } from '../text/decimal.js';
import { weekday } from '../text/months.js';
import { countOf, formatBytes, formatCount } from '../text/numbers.js';
import { isGone, type DayRow } from './days.js';
import { secondsText } from './figures.js';

interface DaysTableProps {
  document: DailyDocument;
  running: string | undefined;
}

type Usage = DailyDocument['totals'];
interface Shown {
  usage: Usage;
  name: preact.ComponentChildren;
  isGone: boolean;
}

/** The figures of the chart, the newest day first. */
export function DaysTable({ document, running }: DaysTableProps) {
  const rows = document.daily_usage.map((day) => shownDay(day, document.expired_until, running));
  const gone = rows.filter(({ isGone: isRowGone }) => isRowGone).length;
  const totals: Shown = {
    usage: document.totals,
    name: `${countOf(rows.length, 'day')}${gone > 0 ? `, ${gone} expired` : ''}`,
    isGone: rows.length > 0 && gone === rows.length,
  };
  return (
    <Table
      label="Daily usage"
      class="snug"
      columns={COLUMNS}
      rows={rows.reverse()}
      keyOf={({ date }) => date}
      foot={
        <tr role="row">
          <Cells columns={COLUMNS} row={totals} />
        </tr>
      }
    />
  );
}

function shownDay(
  day: DayRow,
  expiredUntil: string | null,
  running: string | undefined,
): Shown & { date: string } {
  const gone = isGone(day, expiredUntil);
  const remark = gone ? ', expired' : day.date === running ? ', still runs' : '';
  return {
    date: day.date,
    usage: day,
    isGone: gone,
    name: (
      <>
        {day.date}{' '}
        <span class="quiet">
          {weekday(day.date)}
          {remark}
        </span>
      </>
    ),
  };
}

const COLUMNS: readonly Column<Shown>[] = [
  { id: 'day', title: 'Day', isRowHead: true, cell: ({ name }) => name },
  figure('data', 'Data', ({ bytes_processed: bytes }) => formatBytes(bytes)),
  figure('compute', 'Compute, s', ({ compute_seconds: seconds }) => secondsText(seconds)),
  figure('jobs', 'Jobs', ({ job_count: jobs }) => count(jobs)),
  figure('completed', 'Completed', ({ jobs_completed: jobs }) => count(jobs), 'n p3'),
  figure('failed', 'Failed', ({ jobs_failed: jobs }) =>
    jobs === 0 ? count(jobs) : <span class="failed">{formatCount(jobs)}</span>,
  ),
  figure('skipped', 'Skipped', ({ jobs_skipped: jobs }) => count(jobs), 'n p3'),
  {
    id: 'cost',
    title: 'Cost',
    class: 'key',
    cell: ({ usage, isGone: gone }) =>
      gone ? <span class="dim">?</span> : dollarsText(decimalOf(usage.cost_exact)),
  },
];

function figure(
  id: string,
  title: string,
  cell: (usage: Usage) => preact.ComponentChildren,
  classes = 'n',
): Column<Shown> {
  return {
    id,
    title,
    class: classes,
    label: title.toLowerCase(),
    cell: ({ usage, isGone: gone }) => (gone ? <span class="dim">?</span> : cell(usage)),
  };
}

function count(value: number | bigint) {
  return value === 0 ? <span class="dim">0</span> : formatCount(value);
}
