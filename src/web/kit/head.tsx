import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Watched } from '../data/resource.js';
import { clockText, spanText } from '../text/times.js';
import { now } from './clock.js';
import { Bar, Delayed } from './delayed.js';
import { Heading } from './heading.js';
import { Marked } from './marks.js';

interface HeadProps<T> {
  title: string;
  resource: Watched<T>;
  /** The sentence that answers first, from the data. */
  children: (data: T) => ComponentChildren;
  /**
   * A word for what the sentence is about. A sentence with another one is spoken; one whose figures
   * alone have changed is not.
   */
  about?: (data: T) => string;
  note?: ComponentChildren;
}

/** The beginning of every page: its name, and one sentence. What goes wrong is said in its place. */
export function Head<T>({ title, resource, children, about, note }: HeadProps<T>) {
  const { data, failure, asOf } = resource.known.value;
  const kind =
    failure !== undefined
      ? `failed ${failure.reason}`
      : data === undefined
        ? 'loading'
        : (about?.(data) ?? 'ready');
  return (
    <div class="head">
      <Heading title={title} />
      <p class="lead" role="status" aria-live={useSpoken(kind)}>
        {failure !== undefined ? (
          <Failed resource={resource} asOf={asOf} />
        ) : data === undefined ? (
          <Delayed>
            <span class="vh">Loading</span>
            <Bar /> <Bar />
          </Delayed>
        ) : (
          children(data)
        )}
      </p>
      {note}
    </div>
  );
}

const SPOKEN_FOR_MS = 2000;

function useSpoken(kind: string): 'polite' | 'off' {
  const [silent, setSilent] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSilent(kind), SPOKEN_FOR_MS);
    return () => clearTimeout(timer);
  }, [kind]);
  return silent === kind ? 'off' : 'polite';
}

function Failed<T>({
  resource,
  asOf,
}: {
  resource: HeadProps<T>['resource'];
  asOf: Date | undefined;
}) {
  const { failure, retryAt } = resource.known.value;
  if (failure === undefined) return null;
  const status = typeof failure.reason === 'number' && failure.reason > 0 ? failure.reason : '';
  if (asOf !== undefined && failure.reason === 'ending') {
    return (
      <>
        <Marked mark="warn" kind="stale">
          The server is shutting down.
        </Marked>{' '}
        What you see is from {clockText(asOf)}; the page connects again by itself.
      </>
    );
  }
  if (asOf !== undefined) {
    return (
      <>
        <Marked mark="warn" kind="stale">
          No answer since {clockText(asOf)}.
        </Marked>{' '}
        What you see is from then
        {retryAt !== undefined && (
          <>
            ; trying again <Wait until={retryAt} />
          </>
        )}
        .
      </>
    );
  }
  return (
    <>
      <Marked mark="failed" kind="failed">
        {failure.message}
      </Marked>
      {status !== '' && ` (${status})`}.{' '}
      {retryAt !== undefined && (
        <>
          Trying again <Wait until={retryAt} />.{' '}
        </>
      )}
      <button type="button" onClick={() => resource.refresh()}>
        Try now
      </button>
    </>
  );
}

/** Counts down for the eye alone: it would be spoken each second. */
function Wait({ until }: { until: Date }) {
  const last = useRef(until);
  last.current = until;
  const seconds = Math.ceil((until.getTime() - now.value.getTime()) / 1000);
  return (
    <>
      <span class="vh">soon</span>{' '}
      <span aria-hidden="true">
        {seconds > 0 ? (
          <>
            <span class="nowrap">
              in <b>{spanText(seconds)}</b>
            </span>
          </>
        ) : (
          <b>now</b>
        )}
      </span>
    </>
  );
}
