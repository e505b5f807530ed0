import { inPercent } from '../kit/chart.js';
import type { Column } from '../kit/table.js';
import { addressText } from '../routing/addresses.js';
import { dollarsText, type Decimal } from '../text/decimal.js';
import { hoursText } from '../text/hours.js';
import { formatBytes, formatCount } from '../text/numbers.js';
import { shareOf, type Sort, type UserRow } from './user-list.js';

/** A row of the table, or its foot. */
export interface ShownUser extends Omit<UserRow, 'user'> {
  name: string;
  /** Whose pages the row leads to; `undefined` in the foot. */
  user: string | undefined;
}

interface ColumnOptions {
  /** `undefined`: since the beginning. */
  month: string | undefined;
  isOpen: boolean;
  sort: Sort;
  total: Decimal | undefined;
  hrefOf: (sort: Sort) => string;
}

export function userColumns(options: ColumnOptions): Column<ShownUser>[] {
  const { month, total } = options;
  const sortable = sortableOf(options);
  return [
    { ...sortable('user', 'User'), isRowHead: true, cell: ({ name }) => name },
    {
      ...sortable('bytes', 'Data', 'n p3'),
      label: 'data',
      cell: ({ bytes }) => known(bytes, formatBytes),
    },
    {
      ...sortable('compute', 'Compute, h', 'n'),
      label: 'compute, h',
      cell: ({ seconds }) => known(seconds, hoursText),
    },
    { ...sortable('jobs', 'Jobs', 'n'), label: 'jobs', cell: ({ jobs }) => known(jobs, count) },
    ...(month === undefined ? [FAILED] : [GROSS, DISCOUNT]),
    {
      ...sortable('cost', month === undefined ? 'Cost, gross' : 'Net', 'key'),
      cell: ({ cost }) => known(cost, dollarsText4),
    },
    {
      id: 'share',
      title: 'Share of all',
      class: 'p3 share',
      cell: ({ user, cost }) => user !== undefined && <Share percent={shareOf(cost, total)} />,
    },
    {
      id: 'pages',
      title: 'Pages',
      class: 'n',
      cell: ({ user }) => user !== undefined && <Pages user={user} {...options} />,
    },
  ];
}

function sortableOf({ sort, hrefOf }: ColumnOptions) {
  return (id: Sort, title: string, classes?: string) => ({
    id,
    ...(classes !== undefined && { class: classes }),
    title: (
      <a href={hrefOf(id)}>
        {title}
        {id === sort && <span aria-hidden="true">{id === 'user' ? '↑' : '↓'}</span>}
      </a>
    ),
    sorted:
      id !== sort ? undefined : id === 'user' ? ('ascending' as const) : ('descending' as const),
  });
}

const FAILED: Column<ShownUser> = {
  id: 'failed',
  title: 'Failed',
  class: 'n',
  label: 'failed',
  cell: ({ failed, jobs }) =>
    known(failed, (value) => (
      <>
        {count(value)}
        <span class="dim rate">{value > 0n ? rateText(value, jobs ?? 0n) : ''}</span>
      </>
    )),
};

const GROSS: Column<ShownUser> = {
  id: 'gross',
  title: 'Gross',
  class: 'n',
  label: 'gross',
  cell: ({ gross }) => known(gross, dollarsText4),
};

const DISCOUNT: Column<ShownUser> = {
  id: 'discount',
  title: 'Discount',
  class: 'n',
  label: 'discount',
  cell: ({ discount, user, cost }) => {
    if (user === undefined) return null;
    if (cost === undefined || discount === undefined) return <span class="dim">?</span>;
    return discount === 0 ? <span class="dim">0 %</span> : `${discount} %`;
  },
};

function Share({ percent }: { percent: number }) {
  return (
    <>
      <svg class="gauge" aria-hidden="true">
        <rect class="track" width="100%" height="4" rx="2" />
        <rect class="b" width={inPercent(percent)} height="4" rx="2" />
      </svg>
      <span class="vh">{percent.toFixed(1)} %</span>
    </>
  );
}

function Pages({ user, month, isOpen }: ColumnOptions & { user: string }) {
  const bill = { user, month: isOpen ? undefined : month };
  return (
    <>
      <a href={addressText('/jobs', { user })} aria-label={`Jobs of ${user}`}>
        Jobs
      </a>{' '}
      <a href={addressText('/billing', bill)} aria-label={`Bill of ${user}`}>
        Bill
      </a>
    </>
  );
}

function known<T>(
  value: T | undefined,
  text: (value: T) => preact.ComponentChildren,
): preact.ComponentChildren {
  return value === undefined ? <span class="dim">?</span> : text(value);
}

function count(value: bigint): preact.ComponentChildren {
  return value === 0n ? <span class="dim">0</span> : formatCount(value);
}

function dollarsText4(amount: Decimal): string {
  return dollarsText(amount);
}

/** `3.2 %` */
function rateText(part: bigint, whole: bigint): string {
  return whole === 0n ? '' : ` ${((Number(part) / Number(whole)) * 100).toFixed(1)} %`;
}
