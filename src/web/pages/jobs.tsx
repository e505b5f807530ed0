import { useEffect, useMemo, useRef } from 'preact/hooks';
import { session } from '../data/session.js';
import { useDue } from '../kit/delayed.js';
import { SearchField, UserField } from '../kit/fields.js';
import { Filter } from '../kit/filter.js';
import { Head } from '../kit/head.js';
import { useKeys } from '../kit/keys.js';
import { LoadingRows, type LoadingColumn } from '../kit/loading.js';
import { Notes } from '../kit/notes.js';
import { Empty } from '../jobs/empty.js';
import { JobDrawer } from '../jobs/job-drawer.js';
import { found, type Counts, type JobList } from '../jobs/job-list.js';
import { JobsTable, type TableControl } from '../jobs/jobs-table.js';
import { Sentence, topicOf } from '../jobs/sentence.js';
import { useJobs } from '../jobs/use-jobs.js';
import { placesInQueue } from '../jobs/words.js';
import { State } from '../kit/state.js';
import { addressText } from '../routing/addresses.js';
import { useNavigation, useTitle } from '../routing/navigation.js';
import { countOf, formatCount } from '../text/numbers.js';

const ALL = 'all';
const STATUSES = ['completed', 'processing', 'failed', 'pending'];
/** Statuses of billing records alone: they are shown where there are some. */
const RARE_STATUSES = ['skipped', 'unknown'];

/** All jobs of the visitor, or of everybody. The address holds filter, search and the job that is open. */
export default function JobsPage({ item: open }: { item: string | undefined }) {
  const { query, go, replace } = useNavigation();
  const visitor = session.value;
  const isAdmin = visitor?.kind === 'admin';
  const status = [...STATUSES, ...RARE_STATUSES].find((name) => name === query.status);
  const userId = isAdmin ? (query.user ?? visitor.user_id ?? undefined) : undefined;
  const search = query.q ?? '';
  useTitle(...(open === undefined ? [] : [`Job ${open}`]), 'Jobs');
  const jobs = useJobs({ status, userId }, search);
  const { head, figures } = jobs;
  const list = useLastList(jobs.store.list.value);
  const { store, head: listHead } = jobs.search ?? jobs;
  const isAnswered = (search === '' || jobs.search !== undefined) && store.list.value !== undefined;
  const rows = useRows(list, search, jobs.search?.store.list.value);
  const { counts } = figures.known.value.data ?? {};
  const places = useMemo(
    () => (isAdmin && userId === undefined ? placesInQueue(rows, counts?.pending) : new Map()),
    [rows, counts?.pending],
  ) as ReadonlyMap<string, number>;
  const { failure } = listHead.known.value;
  const isLoading = useDue(!isAnswered && rows.length === 0 && failure === undefined);

  const chosen = { status, user: query.user, q: query.q };
  const listHref = addressText('/jobs', chosen);
  const hrefOf = (id: string): string => addressText(`/jobs/${encodeURIComponent(id)}`, chosen);
  const control = useRef<TableControl | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const index = open === undefined ? -1 : rows.findIndex((row) => row?.id === open);
  const close = useClosing({ open, index, listHref, control, replace });

  const openRow = (to: number): void => {
    const row = rows[to];
    control.current?.show(to);
    if (row !== undefined) replace(hrefOf(row.id));
  };
  const move = (by: 1 | -1) => (): void => {
    if (open === undefined)
      control.current?.focus(clamp(control.current.focused() + by, rows.length));
    else if (index !== -1) openRow(clamp(index + by, rows.length));
  };
  const step = (by: 1 | -1): (() => void) | undefined =>
    index !== -1 && rows[index + by] !== undefined ? move(by) : undefined;
  useKeys({
    j: move(1),
    k: move(-1),
    '/': (event) => {
      event.preventDefault();
      field.current?.select();
    },
    Escape: () => open !== undefined && close(),
  });
  // A link leads to a row that may be far down.
  const isKnown = index !== -1;
  useEffect(() => {
    if (isKnown) control.current?.show(index);
  }, [isKnown]);

  const { problems = [] } = head.known.value.data ?? {};
  return (
    <main id="main" class={open === undefined ? 'split' : 'split open'} tabIndex={-1}>
      <div class="page">
        <Head title="Jobs" resource={figures} about={topicOf} note={<Notes texts={problems} />}>
          {(data) => <Sentence figures={data} />}
        </Head>
        <Filter
          label="Status"
          chosen={status ?? ALL}
          choices={choicesOf(counts, status).map((value) => ({
            value,
            count: counts === undefined ? undefined : (counts[value] ?? 0),
            href: addressText('/jobs', { ...chosen, status: value === ALL ? undefined : value }),
          }))}
        />
        <div class="tools">
          <SearchField
            label="Search by job id"
            placeholder="Job id"
            value={search}
            field={field}
            onSearch={(q) => replace(addressText('/jobs', { ...chosen, q }))}
            onEnter={() => {
              const id = rows.find((row) => row?.id === search)?.id ?? found(rows, search)[0]?.id;
              if (search !== '') go(hrefOf(id ?? search));
            }}
          />
          {isAdmin && (
            <UserField
              user={userId}
              placeholder="All users"
              names={usersOf(list)}
              onUser={(user) => go(addressText('/jobs', { ...chosen, user }))}
            />
          )}
          <span class="quiet push">
            <span class="keys">
              <kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> closes
            </span>
            <span role="status">
              {search !== '' && isAnswered && `${countOf(rows.length, 'job')} found, `}
            </span>
            newest first
          </span>
        </div>
        <News count={list?.waiting.length ?? 0} />
        {rows.length === 0 ? (
          isAnswered ? (
            <Empty {...chosen} counts={counts} hrefOf={hrefOf} />
          ) : search !== '' && failure !== undefined && list !== undefined ? (
            <State mark="failed" kind="failed" title={`${failure.message}: nothing was searched`}>
              <button type="button" onClick={listHead.refresh}>
                Try now
              </button>
            </State>
          ) : (
            isLoading && <LoadingRows columns={LOADING} />
          )
        ) : (
          <JobsTable
            rows={rows}
            withUsers={isAdmin}
            places={places}
            open={open}
            hrefOf={hrefOf}
            onOpen={(id, event) => {
              if (open === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
              // One step back leads to the list, however many jobs were looked at.
              event.preventDefault();
              event.stopPropagation();
              replace(hrefOf(id));
            }}
            hasJustChanged={(id) => store.hasJustChanged(id)}
            onSee={(first, end) => isAnswered && store.see(first, end)}
            control={control}
          />
        )}
      </div>
      {open !== undefined && (
        <JobDrawer
          id={open}
          row={rows[index] ?? list?.rows.find((row) => row?.id === open)}
          place={places.get(open)}
          isAdmin={isAdmin}
          onClose={close}
          newer={step(-1)}
          older={step(1)}
        />
      )}
    </main>
  );
}

function choicesOf(counts: Counts | undefined, chosen: string | undefined): string[] {
  const rare = RARE_STATUSES.filter((name) => (counts?.[name] ?? 0) > 0 || name === chosen);
  return [ALL, ...STATUSES, ...rare];
}

/** All jobs; those that a search has found; until it has, those that are known to fit. */
function useRows(
  list: JobList | undefined,
  search: string,
  foundList: JobList | undefined,
): JobList['rows'] {
  const last = useRef<JobList['rows']>([]);
  const rows = useMemo(() => {
    if (search === '') return list?.rows ?? [];
    if (foundList !== undefined) return foundList.rows;
    const known = found([...(list?.rows ?? []), ...last.current], search);
    return [...new Map(known.map((job) => [job.id, job])).values()];
  }, [list, search, foundList]);
  last.current = rows;
  return rows;
}

/** The last list stays until the next one is known: a filter that is chosen must not flicker. */
function useLastList(list: JobList | undefined): JobList | undefined {
  const last = useRef(list);
  if (list !== undefined) last.current = list;
  return last.current;
}

interface ClosingOptions {
  open: string | undefined;
  index: number;
  listHref: string;
  control: { current: TableControl | undefined };
  replace: (href: string) => void;
}

/** Returns what closes the drawer: one step back if it was opened from the list. The row gets the focus. */
function useClosing({ open, index, listHref, control, replace }: ClosingOptions): () => void {
  const isFirst = useRef(true);
  const wasOpenedHere = useRef(false);
  const last = useRef(-1);
  if (index !== -1) last.current = index;
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    wasOpenedHere.current = open !== undefined;
    if (open === undefined && last.current !== -1) control.current?.focus(last.current);
  }, [open !== undefined]);
  return () => (wasOpenedHere.current ? history.back() : replace(listHref));
}

function clamp(index: number, count: number): number {
  return Math.max(0, Math.min(index, count - 1));
}

/** Some users, to choose from; any other can be typed. */
function usersOf(list: JobList | undefined): string[] {
  const names = new Set(list?.rows.map((row) => row?.user_id ?? ''));
  names.delete('');
  return [...names].sort();
}

function News({ count }: { count: number }) {
  return (
    <div class="news" aria-live="polite">
      {count > 0 && (
        <button type="button" onClick={() => scrollTo(0, 0)}>
          {formatCount(count)} new
        </button>
      )}
    </div>
  );
}

const LOADING: readonly LoadingColumn[] = [
  { class: 'tight' },
  { class: 'tight', short: true },
  {},
  { class: 'key', short: true },
];
