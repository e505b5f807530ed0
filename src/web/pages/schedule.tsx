import type { HistoryDocument, ScheduleDocument } from '../data/documents.js';
import { useResource } from '../data/resource.js';
import { Command } from '../kit/copy.js';
import { useFreshness } from '../kit/freshness.js';
import { Head } from '../kit/head.js';
import { Heading } from '../kit/heading.js';
import { Mark, Marked } from '../kit/marks.js';
import { minute } from '../kit/minute.js';
import { State } from '../kit/state.js';
import { useNavigation, useTitle } from '../routing/navigation.js';
import { dayAfter, dayOf, dayText, lanesOf, nowIn } from '../schedule/day.js';
import { Entries } from '../schedule/entries.js';
import { History } from '../schedule/history.js';
import { Log } from '../schedule/log.js';
import { Sentence } from '../schedule/sentence.js';
import { Timeline } from '../schedule/timeline.js';
import { formatCount } from '../text/numbers.js';
import { utcText } from '../text/times.js';

const EVERY_SECONDS = 10;
const UPCOMING = 1000;
const MOST_RUNS = 1000;
const SHOWN_RUNS = 50;

/** What runs, what is next, what failed. The query has the day, the filter, and the run whose log is open. */
export default function SchedulePage() {
  useTitle('Schedule');
  const { query, withQuery } = useNavigation();
  const options = { everyMs: EVERY_SECONDS * 1000 };
  const schedule = useResource<ScheduleDocument>(`/api/schedule?count=${UPCOMING}`, options);
  const history = useResource<HistoryDocument>(`/api/schedule/history?limit=${MOST_RUNS}`, options);
  const failedOnly = query.runs === 'failed';
  const failed = useResource<HistoryDocument>(
    failedOnly ? `/api/schedule/history?limit=${SHOWN_RUNS}&failed=true` : undefined,
    options,
  );
  useFreshness(schedule, EVERY_SECONDS);
  const { data, failure } = schedule.known.value;
  if (data === undefined && failure?.reason === 404) return <NoSchedule />;

  const known = history.known.value;
  // Before a daemon has been there, there is no history.
  const runs = known.data?.runs ?? (known.failure?.reason === 404 ? [] : undefined);
  const isWhole =
    known.data === undefined
      ? runs !== undefined
      : known.failure === undefined &&
        known.data.problem === null &&
        known.data.damaged_lines === 0;
  const refresh = (): void => {
    schedule.refresh();
    history.refresh();
  };
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Head
        title="Schedule"
        resource={schedule}
        about={({ status }) =>
          `${status.daemon === null ? 'no daemon' : 'daemon'} ${status.entries.map(({ state }) => state).join()}`
        }
        note={data !== undefined && <Notes schedule={data} />}
      >
        {(document) => <Sentence schedule={document} runs={runs} isWhole={isWhole} />}
      </Head>
      {data !== undefined && (
        <>
          <Day schedule={data} runs={runs ?? []} />
          <section class="sec" aria-labelledby="entries-h">
            <h2 id="entries-h" class="vh">
              Entries
            </h2>
            <Entries
              entries={data.status.entries}
              running={data.running}
              logHrefOf={(id) => withQuery({ run: id })}
              onAsked={refresh}
            />
          </section>
          <div class={query.run === undefined ? undefined : 'two rail'}>
            <section class="sec" aria-labelledby="history-h">
              <header>
                <h2 id="history-h" tabIndex={-1}>
                  History
                </h2>
                <div class="seg" role="group" aria-label="Which runs">
                  <a
                    href={withQuery({ runs: undefined })}
                    aria-current={failedOnly ? undefined : 'true'}
                  >
                    All
                  </a>
                  <a
                    href={withQuery({ runs: 'failed' })}
                    aria-current={failedOnly ? 'true' : undefined}
                  >
                    Failed and missed
                  </a>
                </div>
              </header>
              <Runs
                runs={failedOnly ? failed.known.value.data?.runs : runs}
                failure={(failedOnly ? failed : history).known.value.failure}
                damaged={known.data?.damaged_lines ?? 0}
                hrefOf={(id) => withQuery({ run: id })}
              />
            </section>
            {query.run !== undefined && (
              <Log
                id={query.run}
                run={[...(runs ?? []), ...(failed.known.value.data?.runs ?? [])].find(
                  ({ id }) => id === query.run,
                )}
                running={data.running.find(({ id }) => id === query.run)}
                closeHref={withQuery({ run: undefined })}
              />
            )}
          </div>
        </>
      )}
    </main>
  );
}

function NoSchedule() {
  return (
    <main id="main" class="page" tabIndex={-1}>
      <Heading title="Schedule" hidden />
      <State mark="skipped" title="No schedule is served">
        <p>Write one, keep it with the daemon, and start serve with its file.</p>
        <Command text="mangamotion schedule init" />
        <Command text="mangamotion serve --file mangamotion.crontab" />
      </State>
    </main>
  );
}

function Notes({ schedule: { status, problem } }: { schedule: ScheduleDocument }) {
  const { daemon } = status;
  return (
    <>
      {daemon !== null && (
        <p class="note">
          <Marked mark="completed" kind="ok">
            a daemon runs
          </Marked>
          : process {daemon.pid} on {daemon.host}, since {utcText(new Date(daemon.since))}. Times
          are in UTC.
        </p>
      )}
      {problem !== null && (
        <p class="note">
          <span class="near">
            <Mark name="warn" />
          </span>{' '}
          {problem}. Last runs are not known.
        </p>
      )}
    </>
  );
}

function Day({ schedule, runs }: { schedule: ScheduleDocument; runs: HistoryDocument['runs'] }) {
  const { query, withQuery } = useNavigation();
  const time = minute.value;
  const day = dayOf(query.day, time);
  const today = dayOf(undefined, time);
  const { entries } = schedule.status;
  const upcoming = schedule.next.runs;
  const lanes = lanesOf(day, { entries, upcoming, runs, now: time });
  const isCutAhead =
    upcoming.length >= UPCOMING && day >= today && (upcoming.at(-1)?.at ?? '') < dayAfter(day, 1);
  const isCutBehind = runs.length >= MOST_RUNS && (runs.at(-1)?.due_at ?? '') > day;
  return (
    <section class="sec" aria-labelledby="day-h">
      <header>
        <h2 id="day-h">{dayText(day)}</h2>
        <div class="seg" role="group" aria-label="Day">
          <a href={withQuery({ day: dayAfter(day, -1) })}>Previous</a>
          <a href={withQuery({ day: undefined })} aria-current={day === today ? 'true' : undefined}>
            Today
          </a>
          <a href={withQuery({ day: dayAfter(day, 1) })}>Next</a>
        </div>
      </header>
      <Timeline lanes={lanes} nowX={nowIn(day, time)} now={time} />
      {isCutAhead && <p class="note">Only the next {formatCount(UPCOMING)} runs are shown.</p>}
      {isCutBehind && <p class="note">Only the last {formatCount(MOST_RUNS)} runs are shown.</p>}
    </section>
  );
}

function Runs({
  runs,
  failure,
  damaged,
  hrefOf,
}: {
  runs: HistoryDocument['runs'] | undefined;
  failure: { reason: unknown; message: string } | undefined;
  damaged: number;
  hrefOf: (id: string) => string;
}) {
  if (runs === undefined) {
    return failure === undefined ? null : <p class="note">{failure.message}.</p>;
  }
  if (runs.length === 0) return <p class="note">There is no such run yet.</p>;
  return (
    <>
      <History runs={runs.slice(0, SHOWN_RUNS)} hrefOf={hrefOf} />
      {runs.length > SHOWN_RUNS && (
        <p class="note">
          The latest {SHOWN_RUNS}. All of them: <code>mangamotion schedule history</code>
        </p>
      )}
      {damaged > 0 && <p class="note">{formatCount(damaged)} lines of the history are damaged.</p>}
    </>
  );
}
