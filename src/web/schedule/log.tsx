import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiFailure, getText } from '../data/api.js';
import type { RunDocument } from '../data/documents.js';
import { endSession } from '../data/session.js';
import { Delayed } from '../kit/delayed.js';
import { Mark } from '../kit/marks.js';
import { dueText } from './history.js';

type Known = { text: string; isCut: boolean } | { failure: string } | undefined;

/** The end of the log of a run. `run` is `undefined` if the history that was read does not have it. */
export function Log({
  id,
  run,
  closeHref,
}: {
  id: string;
  run: RunDocument | undefined;
  closeHref: string;
}) {
  const known = useLog(id);
  const title = useRef<HTMLHeadingElement>(null);
  // On a narrow screen it opens below a table that may be long.
  useEffect(() => title.current?.focus(), [id]);
  return (
    <section class="sec" aria-labelledby="log-h">
      <header>
        <h2 id="log-h" tabIndex={-1} ref={title}>
          {run === undefined ? 'Log' : `Log of ${run.name}, ${dueText(run.due_at)}`}
        </h2>
        <a href={closeHref}>Close</a>
      </header>
      {known === undefined ? (
        <Delayed>
          <p class="note">Loading</p>
        </Delayed>
      ) : 'failure' in known ? (
        <p class="err" role="alert">
          <Mark name="failed" />
          <span>{known.failure}.</span>
        </p>
      ) : (
        <>
          {known.isCut && <p class="note">The log is longer: this is its end.</p>}
          <pre class="log" tabIndex={0} role="group" aria-label="Lines of the log">
            {known.text === '' ? 'It printed nothing.' : known.text}
          </pre>
        </>
      )}
    </section>
  );
}

function useLog(id: string): Known {
  const [known, setKnown] = useState<Known>(undefined);
  useEffect(() => {
    const request = new AbortController();
    setKnown(undefined);
    getText(`/api/schedule/runs/${encodeURIComponent(id)}/log`, { signal: request.signal }).then(
      ({ text, headers }) => setKnown({ text, isCut: headers.get('x-log-cut') === 'true' }),
      (error: unknown) => {
        if (request.signal.aborted) return;
        if (error instanceof ApiFailure && error.reason === 401) endSession();
        setKnown({ failure: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => request.abort();
  }, [id]);
  return known;
}
