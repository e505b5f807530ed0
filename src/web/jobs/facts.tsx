import type { ShownJobDocument } from '../data/documents.js';
import { Utc } from '../kit/time.js';
import { addressText } from '../routing/addresses.js';
import { formatBytes, formatCount } from '../text/numbers.js';
import { durationText } from '../text/times.js';
import { optionsText } from './words.js';

export function Facts({ job, isAdmin }: { job: ShownJobDocument; isAdmin: boolean }) {
  const result = job.artifacts?.find(({ kind }) => kind === 'result');
  const options = optionsText(job.data);
  const messages = [...job.problems.map(problemText), ...job.notes];
  return (
    <>
      <h3>Facts</h3>
      <dl class="facts">
        {job.user_id !== null && (
          <>
            <dt>User</dt>
            <dd>
              {isAdmin ? (
                <a href={addressText('/billing', { user: job.user_id })}>{job.user_id}</a>
              ) : (
                job.user_id
              )}
            </dd>
          </>
        )}
        <dt>Pages</dt>
        <dd>{pagesText(job)}</dd>
        {result !== undefined && (
          <>
            <dt>Result</dt>
            <dd class="mono">
              {result.bucket}/{result.key}
            </dd>
          </>
        )}
        <dt>Queue</dt>
        <dd>
          {job.queue}
          {job.source === 'billing' && ', no longer in it'}
          {job.status !== 'pending' &&
            job.waited_seconds !== null &&
            `, waited ${durationText(job.waited_seconds)}`}
        </dd>
        {job.created_at !== null && (
          <>
            <dt>Created</dt>
            <dd>
              <Utc time={job.created_at} />
            </dd>
          </>
        )}
        {options !== '' && (
          <>
            <dt>Options</dt>
            <dd class="mono">{options}</dd>
          </>
        )}
      </dl>
      {messages.length > 0 && (
        <>
          <h3>Notes</h3>
          <ul class="notes">
            {messages.map((message) => (
              <li class="note" key={message}>
                {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** A problem of a counter names its key and its field. */
function problemText(problem: ShownJobDocument['problems'][number]): string {
  if (typeof problem === 'string') return problem;
  const { key, field, problem: what } = problem;
  return [key, field, what].filter((part) => typeof part === 'string').join(' ');
}

function pagesText({ file_count: count, size_bytes: size }: ShownJobDocument): string {
  const pages = count === null ? 'not known' : formatCount(count);
  return size === null ? pages : `${pages}, together ${formatBytes(size)}`;
}
