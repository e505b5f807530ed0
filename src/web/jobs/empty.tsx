import { State } from '../kit/state.js';
import { addressText } from '../routing/addresses.js';
import { countOf } from '../text/numbers.js';
import type { Counts } from './job-list.js';

interface EmptyProps {
  status: string | undefined;
  user: string | undefined;
  q: string | undefined;
  counts: Counts | undefined;
  hrefOf: (id: string) => string;
}

/** Why no row is shown, and what to do about it. */
export function Empty({ status, user, q = '', counts, hrefOf }: EmptyProps) {
  const all = counts?.all ?? 0;
  if (q !== '') {
    return (
      <State mark="skipped" title={`No id contains ${q}`}>
        <p>A job that has left the list may still be known by its whole id.</p>
        <a class="btn" href={hrefOf(q)}>
          Look for job {q}
        </a>
      </State>
    );
  }
  if (status === undefined && user === undefined) {
    return (
      <State mark="skipped" title="No jobs yet">
        <p>A job appears here as soon as the first pages are uploaded.</p>
      </State>
    );
  }
  const whose = user === undefined ? '' : ` of ${user}`;
  return (
    <State mark="skipped" title={`No ${status === undefined ? '' : `${status} `}job${whose}`}>
      {all > 0 && <p>{`${countOf(all, 'job')}${whose} in other states.`}</p>}
      <a
        class="btn"
        href={all > 0 ? addressText('/jobs', { user }) : addressText('/jobs', { status })}
      >
        {all > 0 ? 'Show them' : 'Show all users'}
      </a>
    </State>
  );
}
