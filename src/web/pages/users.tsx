import { useComputed } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import type { AllUsersDocument } from '../data/documents.js';
import { useResource } from '../data/resource.js';
import { now } from '../kit/clock.js';
import { CsvButton } from '../kit/csv.js';
import { useDue } from '../kit/delayed.js';
import { MonthField, SearchField } from '../kit/fields.js';
import { useFreshness } from '../kit/freshness.js';
import { Head } from '../kit/head.js';
import { useKeys } from '../kit/keys.js';
import { LoadingRows, type LoadingColumn } from '../kit/loading.js';
import { Notes } from '../kit/notes.js';
import { State } from '../kit/state.js';
import { useNavigation, useTitle } from '../routing/navigation.js';
import { addressText } from '../routing/addresses.js';
import { monthIn, monthText } from '../text/months.js';
import { countOf, formatCount } from '../text/numbers.js';
import { problemTexts } from '../text/problems.js';
import { Sentence, type UserFigures } from '../users/sentence.js';
import { userColumns } from '../users/user-columns.js';
import {
  found,
  rowOf,
  sorted,
  sortIn,
  SORTS,
  topUsers,
  totalsOf,
  type Sort,
  type UserRow,
} from '../users/user-list.js';
import { UsersTable } from '../users/users-table.js';

/** The server reads all counters for each answer. */
const EVERY_S = 60;
/** A page of more rows is of no use, and slow to load. */
const MOST_USERS = 10_000;
/** All users are more than a page shows. */
const CSV_TIMEOUT_MS = 120_000;
/** In the address, in the place of a month. */
const ALL_TIME = 'all';

const SORT_TITLES: Readonly<Record<Sort, string>> = {
  cost: 'By cost',
  bytes: 'By data',
  compute: 'By compute',
  jobs: 'By jobs',
  user: 'By name',
};

/** All users with what they owe for a month, or have used since the beginning. */
export default function UsersPage() {
  const { query, go, replace, withQuery } = useNavigation();
  const current = useComputed(() => now.value.toISOString().slice(0, 7)).value;
  const month = query.month === ALL_TIME ? undefined : (monthIn(query.month) ?? current);
  const isOpen = month === current;
  const sort = sortIn(query.sort);
  const search = query.q ?? '';
  useTitle('Users');
  const path = addressText('/api/billing/all-users', { month, top: String(MOST_USERS) });
  const resource = useResource<AllUsersDocument>(path, { everyMs: EVERY_S * 1000 });
  useFreshness(resource, EVERY_S);
  const { data, failure } = resource.known.value;
  const list = useMemo(() => (data === undefined ? undefined : listOf(data)), [data]);
  const rows = useMemo(() => sorted(list?.rows ?? [], sort), [list, sort]);
  const shown = useMemo(() => found(rows, search), [rows, search]);
  const hrefOf = (to: Sort): string => withQuery({ sort: to === 'cost' ? undefined : to });
  const columns = useMemo(
    () => userColumns({ month, isOpen, sort, total: list?.totals.cost, hrefOf }),
    [month, isOpen, sort, list, query],
  );
  const field = useRef<HTMLInputElement>(null);
  useKeys({
    '/': (event) => {
      event.preventDefault();
      field.current?.select();
    },
  });
  const isLoading = useDue(data === undefined && failure === undefined);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Head
        title="Users"
        resource={resource}
        about={() => `users ${month ?? ALL_TIME}`}
        note={list?.figures.sum !== undefined && data !== undefined && <About list={data} />}
      >
        {() => list !== undefined && <Sentence figures={{ ...list.figures, month, isOpen }} />}
      </Head>
      <div class="tools">
        <SearchField
          label="Search by user"
          placeholder="User"
          value={search}
          field={field}
          onSearch={(q) => replace(withQuery({ q }))}
        />
        <MonthField
          current={current}
          chosen={month ?? ALL_TIME}
          other={{ value: ALL_TIME, title: 'Since the beginning' }}
          onMonth={(value) => go(withQuery({ month: value === current ? undefined : value }))}
        />
        <label class="vh" for="sort">
          Sort
        </label>
        <select
          id="sort"
          value={sort}
          onChange={({ currentTarget: { value } }) => replace(hrefOf(sortIn(value)))}
        >
          {SORTS.map((choice) => (
            <option key={choice} value={choice}>
              {SORT_TITLES[choice]}
            </option>
          ))}
        </select>
        <span class="quiet" role="status">
          {search !== '' &&
            list !== undefined &&
            `${formatCount(shown.length)} of ${countOf(rows.length, 'user')}`}
        </span>
        <CsvButton
          path={addressText('/api/billing/all-users.csv', { month })}
          name={`users-${month ?? ALL_TIME}.csv`}
          timeoutMs={CSV_TIMEOUT_MS}
        >
          CSV of all users
        </CsvButton>
      </div>
      {list === undefined ? (
        isLoading && <LoadingRows class="snug" columns={LOADING} />
      ) : list.figures.total > 0 && list.figures.sum === undefined ? (
        <Expired href={withQuery({ month: ALL_TIME })} />
      ) : shown.length === 0 ? (
        <Empty search={search} clearHref={withQuery({ q: undefined })} />
      ) : (
        <UsersTable
          label={`Users${month === undefined ? '' : ` in ${monthText(month)}`}, ${SORT_TITLES[sort].toLowerCase()}`}
          columns={columns}
          rows={shown}
          foot={{
            ...list.totals,
            user: undefined,
            name: countOf(list.figures.total, 'user'),
          }}
        />
      )}
    </main>
  );
}

interface UserList {
  rows: UserRow[];
  totals: Omit<UserRow, 'user'>;
  figures: Omit<UserFigures, 'month' | 'isOpen'>;
}

function listOf(document: AllUsersDocument): UserList {
  const rows = document.users.map(rowOf);
  const totals = totalsOf(document);
  const total = document.total_users;
  const owing = rows.filter(({ cost }) => cost !== undefined && cost.units > 0n).length;
  return {
    rows,
    totals,
    figures: {
      total,
      owing: rows.length === total ? owing : undefined,
      sum: totals.cost,
      top: topUsers(rows, totals.cost),
    },
  };
}

/** What the reader should know of the list. */
function About({ list: { users, total_users: total, problems } }: { list: AllUsersDocument }) {
  return (
    <>
      {users.length < total && (
        <p class="note">
          The {formatCount(users.length)} most expensive of {countOf(total, 'user')} are listed. The
          sums are those of all.
        </p>
      )}
      <Notes texts={problemTexts([problems])} />
    </>
  );
}

function Empty({ search, clearHref }: { search: string; clearHref: string }) {
  if (search === '') {
    return (
      <State mark="skipped" title="No users yet">
        <p>A user appears here with the first job that is billed.</p>
      </State>
    );
  }
  return (
    <State mark="skipped" title={`No user’s name contains ${search}`}>
      <a class="btn" href={clearHref}>
        Show all users
      </a>
    </State>
  );
}

function Expired({ href }: { href: string }) {
  return (
    <State mark="unknown" title="The counters of this month have expired">
      <p>What users have used since the beginning is still known.</p>
      <a class="btn" href={href}>
        Show it
      </a>
    </State>
  );
}

const LOADING: readonly LoadingColumn[] = [
  {},
  { class: 'n', short: true },
  { class: 'key', short: true },
];
