import { useEffect } from 'preact/hooks';
import type { JobDocument, ShownJobDocument } from '../data/documents.js';
import { useResource } from '../data/resource.js';
import { Bar, Delayed } from '../kit/delayed.js';
import { Drawer } from '../kit/drawer.js';
import { Mark, Status } from '../kit/marks.js';
import { ProgressBar } from '../kit/progress.js';
import { State } from '../kit/state.js';
import { Ago } from '../kit/time.js';
import { now } from '../kit/clock.js';
import { percentText } from '../text/numbers.js';
import { agoText, durationText, spanText } from '../text/times.js';
import { Attempts } from './attempts.js';
import { Cost } from './cost.js';
import { Download } from './download.js';
import { Facts } from './facts.js';
import { Preview } from './preview.js';
import { attemptsOf, mostAttempts, placeText, waitText } from './words.js';

interface JobDrawerProps {
  id: string;
  /** The row of the list: it is newer where events change it. */
  row: JobDocument | undefined;
  place: number | undefined;
  isAdmin: boolean;
  onClose: () => void;
  newer: (() => void) | undefined;
  older: (() => void) | undefined;
}

/** Everything about one job. */
export function JobDrawer(props: JobDrawerProps) {
  const { id, row, onClose, newer, older } = props;
  return (
    <Drawer
      title={`Job ${id}`}
      back="Jobs"
      onClose={onClose}
      previous={{ label: 'Newer job', title: 'Newer (k)', go: newer }}
      next={{ label: 'Older job', title: 'Older (j)', go: older }}
    >
      <Shown {...props} key={id} row={row} />
    </Drawer>
  );
}

function Shown({ id, row, place, isAdmin }: JobDrawerProps) {
  const resource = useResource<ShownJobDocument>(`/api/jobs/${encodeURIComponent(id)}`);
  const { data, failure } = resource.known.value;
  const isChanged = data !== undefined && row !== undefined && row.status !== data.status;
  useEffect(() => {
    if (isChanged) resource.refresh();
  }, [isChanged, row?.status]);
  if (data === undefined) {
    if (failure === undefined) return <Loading />;
    if (failure.reason === 404) return <NotFound id={id} isAdmin={isAdmin} />;
    return (
      <State mark="failed" kind="failed" title={failure.message}>
        <button type="button" onClick={resource.refresh}>
          Try now
        </button>
      </State>
    );
  }
  const job: ShownJobDocument = row === undefined || isChanged ? data : { ...data, ...row };
  return (
    <>
      <p>
        <Status status={job.status} /> <span class="soft">{<Since job={job} place={place} />}</span>
      </p>
      {job.status === 'processing' && (
        <p class="bigprog">
          <b>{job.progress === null ? 'progress unknown' : percentText(job.progress)}</b>
          <ProgressBar value={job.progress} label={`Job ${id}`} />
        </p>
      )}
      {job.stalled === true && (
        <p class="note stale">
          <Mark name="warn" /> Its worker is gone: the queue gives it to another one.
        </p>
      )}
      <Failure job={job} />
      {job.status === 'completed' && <Preview job={job} />}
      <Download job={job} />
      <Cost job={job} />
      <Attempts job={job} />
      <Facts job={job} isAdmin={isAdmin} />
    </>
  );
}

/** Since when it is what it is. */
function Since({ job, place }: { job: ShownJobDocument; place: number | undefined }) {
  const { status, finished_at: finishedAt, created_at: createdAt, started_at: startedAt } = job;
  const time = now.value;
  const secondsSince = (text: string): number => (time.getTime() - Date.parse(text)) / 1000;
  if (status === 'processing') {
    const attempt = attemptsOf(job).length;
    return (
      <>
        {startedAt !== null && `for ${spanText(secondsSince(startedAt))}, `}attempt {attempt} of{' '}
        {Math.max(attempt, mostAttempts(job))}
      </>
    );
  }
  if (status === 'pending') {
    const why = waitText(job, (text) => agoText(new Date(text), time));
    const standing = why ?? (place === undefined ? undefined : placeText(place));
    return (
      <>
        {createdAt !== null && `for ${spanText(secondsSince(createdAt))}`}
        {standing !== undefined && `, ${standing}`}
      </>
    );
  }
  return (
    <>
      {finishedAt !== null && <Ago time={finishedAt} />}
      {finishedAt !== null && job.ran_seconds !== null && ', '}
      {job.ran_seconds !== null && `took ${durationText(job.ran_seconds)}`}
    </>
  );
}

function Failure({ job }: { job: ShownJobDocument }) {
  if (job.status !== 'failed') return null;
  const trace = job.stacktrace.at(-1);
  const reason = job.failed_reason ?? 'no reason was given';
  return (
    <pre class="log" tabIndex={0} aria-label="Error">
      {reason}
      {trace !== undefined && trace !== reason && `\n${trace}`}
    </pre>
  );
}

function Loading() {
  return (
    <Delayed>
      <div aria-busy="true">
        <p>
          <span class="vh">Loading</span>
          <Bar />
        </p>
        <svg class="preview" viewBox="0 0 16 9" aria-hidden="true" />
        <p>
          <Bar />
        </p>
        <p>
          <Bar /> <Bar short />
        </p>
      </div>
    </Delayed>
  );
}

/** The same answer for a job that is not there and for one of somebody else. */
function NotFound({ id, isAdmin }: { id: string; isAdmin: boolean }) {
  return (
    <State mark="failed" kind="failed" title={`No job ${id}`}>
      <p>
        {isAdmin
          ? 'Neither the queue nor the billing records have one with this id.'
          : 'There is none with this id among your jobs.'}
      </p>
      <a class="btn" href="/jobs">
        All jobs
      </a>
    </State>
  );
}
