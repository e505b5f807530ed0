import { useComputed } from '@preact/signals';
import { Audit } from '../billing/audit.js';
import { partsOf } from '../billing/bill.js';
import { daysPath, rangeOf, RANGES } from '../billing/days.js';
import { DaysChart } from '../billing/days-chart.js';
import { DaysTable } from '../billing/days-table.js';
import { Figures, NoFigures } from '../billing/figures.js';
import { Rail } from '../billing/rail.js';
import { Sentence } from '../billing/sentence.js';
import type { DailyDocument, PricesDocument, SummaryDocument } from '../data/documents.js';
import { useResource, type Watched } from '../data/resource.js';
import { session } from '../data/session.js';
import { now } from '../kit/clock.js';
import { CsvButton } from '../kit/csv.js';
import { Bar, Delayed } from '../kit/delayed.js';
import { MonthField, UserField } from '../kit/fields.js';
import { useFreshness } from '../kit/freshness.js';
import { Head } from '../kit/head.js';
import { Heading } from '../kit/heading.js';
import { Marked } from '../kit/marks.js';
import { Notes } from '../kit/notes.js';
import { State } from '../kit/state.js';
import { useLast } from '../kit/use-last.js';
import { addressText } from '../routing/addresses.js';
import { useNavigation, useTitle } from '../routing/navigation.js';
import { monthIn } from '../text/months.js';
import { problemTexts } from '../text/problems.js';

const EVERY_S = 30;

/** What a user owes for a month, and for what. An administrator chooses the user. */
export default function BillingPage() {
  const { query } = useNavigation();
  const visitor = session.value;
  if (visitor?.kind !== 'admin') return <Bill user={undefined} />;
  const user = query.user ?? visitor.user_id ?? undefined;
  return user === undefined ? <NoUser /> : <Bill user={user} />;
}

/** `user`: whom an administrator looks at; `undefined` for the visitor's own bill. */
function Bill({ user }: { user: string | undefined }) {
  const { query, go, replace, withQuery } = useNavigation();
  const today = useComputed(() => now.value.toISOString().slice(0, 10)).value;
  const current = today.slice(0, 7);
  const asked = monthIn(query.month);
  useTitle(user === undefined ? 'Billing' : `Billing of ${user}`);

  const every = { everyMs: EVERY_S * 1000 };
  const summaryPath = addressText('/api/billing/summary', { user_id: user, month: asked });
  const summary = useResource<SummaryDocument>(summaryPath, every);
  const prices = useResource<PricesDocument>('/api/billing/prices').known.value.data;
  useFreshness(summary, EVERY_S);
  const { data, asOf } = summary.known.value;

  const month = asked ?? data?.month.month ?? current;
  const isOpen = month >= current;
  const range = rangeOf(query.last, !isOpen);
  const wanted = { month, isOpen, today, userId: user };
  const path = daysPath({ ...wanted, range });
  const monthPath = daysPath({ ...wanted, range: 'month' });
  const days = useResource<DailyDocument>(path, every);
  const ofMonth = useResource<DailyDocument>(path === monthPath ? undefined : monthPath, every);
  const monthDays = (path === monthPath ? days : ofMonth).known.value.data;

  const isKnown = data !== undefined && prices !== undefined;
  const parts = isKnown ? partsOf(prices, data.month) : undefined;
  const problems = problemTexts([data?.problems ?? [], days.known.value.data?.problems ?? []]);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Head
        title="Billing"
        resource={summary}
        about={(known) => `${known.user_id} ${known.month.month}`}
        note={<Notes texts={problems} />}
      >
        {(known) => <Sentence month={known.month} user={user} prices={prices} />}
      </Head>
      <div class="tools">
        {user !== undefined && (
          <UserField
            user={user}
            placeholder="User"
            onUser={(name) => go(withQuery({ user: name }))}
          />
        )}
        <MonthField
          current={current}
          chosen={month}
          state={data?.month.state}
          onMonth={(value) =>
            go(withQuery({ month: value === current ? undefined : value, last: undefined }))
          }
        />
        <CsvButton path={path} name={`${user ?? 'usage'}-${range}-${today}.csv`}>
          CSV of the days
        </CsvButton>
      </div>
      {data === undefined ? (
        <NoFigures isLoading={summary.known.value.failure === undefined} />
      ) : (
        <Figures month={data.month} parts={parts} totals={monthDays?.totals} />
      )}
      <div class="two">
        <div>
          <Days
            resource={days}
            of={user ?? ''}
            today={range === 'month' && !isOpen ? undefined : today}
            segments={RANGES.map(({ id, title }) => ({
              title,
              href: withQuery({ last: id }),
              isChosen: id === range,
            }))}
            onRange={replace}
          />
        </div>
        <div>
          {isKnown && asOf !== undefined && (
            <Rail summary={data} prices={prices} parts={parts} asOf={asOf} />
          )}
        </div>
      </div>
      {user !== undefined && <Audit key={user} user={user} />}
    </main>
  );
}

interface DaysProps {
  resource: Watched<DailyDocument>;
  /** Whose days: those of another are not shown meanwhile. */
  of: string;
  /** The day that still runs, if it is among them. */
  today: string | undefined;
  segments: readonly { title: string; href: string; isChosen: boolean }[];
  onRange: (href: string) => void;
}

function Days({ resource, of, today, segments, onRange }: DaysProps) {
  const { data, failure } = resource.known.value;
  const shown = useLast(of, data);
  return (
    <>
      <section class="sec" aria-labelledby="days-h" aria-busy={data === undefined}>
        <header>
          <h2 id="days-h">Cost by day</h2>
          <div class="seg" role="group" aria-label="Range">
            {segments.map(({ title, href, isChosen }) => (
              <a
                key={title}
                href={href}
                aria-current={isChosen ? 'true' : undefined}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  event.stopPropagation();
                  onRange(href);
                }}
              >
                {title}
              </a>
            ))}
          </div>
        </header>
        {shown === undefined ? (
          <div class="chart-space">
            {failure !== undefined ? (
              <Failed message={failure.message}>The days are not known.</Failed>
            ) : (
              <Delayed>
                <Bar />
              </Delayed>
            )}
          </div>
        ) : (
          <>
            <DaysChart document={shown} running={today} />
            {failure !== undefined && (
              <Failed message={failure.message}>The days are from before.</Failed>
            )}
            <p class="note">
              Days are in UTC, and before discounts.
              {hasPart(shown, today) && ' The dashed bar is today, which still runs.'}
              {shown.expired_until !== null &&
                ` Counters up to ${shown.expired_until} may have expired: sums of those days are too small.`}
            </p>
          </>
        )}
      </section>
      {shown !== undefined && (
        <div class="under">
          <DaysTable document={shown} running={today} />
        </div>
      )}
    </>
  );
}

function hasPart(shown: DailyDocument, today: string | undefined): boolean {
  return shown.daily_usage.some(({ date, cost }) => date === today && cost > 0);
}

function Failed({ message, children }: { message: string; children: string }) {
  return (
    <p class="note" role="status">
      <Marked mark="warn" kind="stale">
        {message}.
      </Marked>{' '}
      {children}
    </p>
  );
}

/** An administrator has no bill. */
function NoUser() {
  const { go, withQuery } = useNavigation();
  useTitle('Billing');
  return (
    <main id="main" class="page" tabIndex={-1}>
      <div class="head">
        <Heading title="Billing" />
        <p class="lead" role="status">
          Choose a user to see the bill.
        </p>
      </div>
      <div class="tools">
        <UserField user={undefined} placeholder="User" onUser={(user) => go(withQuery({ user }))} />
      </div>
      <State mark="skipped" title="No user is chosen">
        <p>Type the name above, or choose from all users, the most expensive first.</p>
        <a class="btn" href="/users">
          To the users
        </a>
      </State>
      <Audit user={undefined} />
    </main>
  );
}
