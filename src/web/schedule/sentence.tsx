import type { EntryDocument, RunDocument, ScheduleDocument } from '../data/documents.js';
import { now } from '../kit/clock.js';
import { Marked } from '../kit/marks.js';
import { agoText, spanText } from '../text/times.js';
import { hasFailed, timeOf } from './runs.js';

/** What runs, what is next, what failed. `runs` is `undefined` until the history is known. */
export function Sentence({
  schedule,
  runs,
  isWhole,
}: {
  schedule: ScheduleDocument;
  runs: readonly RunDocument[] | undefined;
  /** Whether all of the history could be read. */
  isWhole: boolean;
}) {
  const { daemon, entries } = schedule.status;
  return (
    <>
      {daemon === null ? (
        <>
          <Marked mark="failed" kind="failed">
            No daemon runs
          </Marked>
          , so nothing is run by itself.{' '}
        </>
      ) : (
        <>
          <Running entries={entries} />
          <Next runs={schedule.next.runs} />{' '}
        </>
      )}
      {runs !== undefined && <FailedToday runs={runs} isWhole={isWhole} />}
    </>
  );
}

function Running({ entries }: { entries: readonly EntryDocument[] }) {
  const running = entries.filter(({ state }) => state === 'running');
  const [first] = running;
  if (first?.running_since === undefined || first.running_since === null)
    return <>Nothing runs now</>;
  if (running.length > 1) {
    return (
      <>
        <b>{running.map(({ name }) => name).join(', ')}</b> run now
      </>
    );
  }
  const seconds = (now.value.getTime() - Date.parse(first.running_since)) / 1000;
  return (
    <>
      <b>{first.name}</b> has run for <b>{spanText(seconds)}</b>
    </>
  );
}

function Next({ runs }: { runs: ScheduleDocument['next']['runs'] }) {
  const [next] = runs;
  if (next === undefined) return <>; nothing is due.</>;
  return (
    <>
      ; next is <b>{next.name}</b>, <b>{agoText(new Date(next.at), now.value)}</b>.
    </>
  );
}

function FailedToday({ runs, isWhole }: { runs: readonly RunDocument[]; isWhole: boolean }) {
  const today = now.value.toISOString().slice(0, 10);
  const done = runs.filter((run) => run.started_at !== null && timeOf(run).startsWith(today));
  const failed = done.filter(hasFailed);
  const [last] = failed;
  if (last === undefined && !isWhole) return <>Whether a run failed today is not known.</>;
  if (last === undefined) return done.length === 0 ? null : <>No run failed today.</>;
  return (
    <>
      <Marked mark="failed" kind="failed">
        {failed.length} of {done.length}
      </Marked>{' '}
      {done.length === 1 ? 'run' : 'runs'} failed today, the last was {last.name}.
    </>
  );
}
