import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { RunDocument, RunningDocument } from '../data/documents.js';
import { Delayed } from '../kit/delayed.js';
import { useGiveBack } from '../kit/give-back.js';
import { useKeys } from '../kit/keys.js';
import { Mark } from '../kit/marks.js';
import { useNavigation } from '../routing/navigation.js';
import { dueText } from './history.js';
import { RUNNING_EVERY_SECONDS, useLog } from './use-log.js';

/**
 * The end of the log of a run. `run` is `undefined` if the history that was read does not have it, and
 * `running` if it is not under way.
 */
export function Log({
  id,
  run,
  running,
  closeHref,
}: {
  id: string;
  run: RunDocument | undefined;
  running: RunningDocument | undefined;
  closeHref: string;
}) {
  const { go } = useNavigation();
  const isRunning = running !== undefined;
  const known = useLog(id, isRunning);
  const part = useRef<HTMLElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  // On a narrow screen it opens below a table that may be long.
  useEffect(() => title.current?.focus(), [id]);
  useKeys({ Escape: () => go(closeHref) });
  useGiveBack(part, { opener: id, otherwise: 'history-h' });
  return (
    <section class="sec" aria-labelledby="log-h" ref={part}>
      <header>
        <h2 id="log-h" tabIndex={-1} ref={title}>
          {isRunning
            ? `Log of ${running.name}, which runs`
            : run === undefined
              ? 'Log'
              : `Log of ${run.name}, ${dueText(run.due_at)}`}
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
          {isRunning && (
            <p class="note">What it has printed so far, read every {RUNNING_EVERY_SECONDS} s.</p>
          )}
          {known.isCut && <p class="note">The log is longer: this is its end.</p>}
          <Lines
            key={id}
            text={known.text}
            otherwise={isRunning ? 'It has printed nothing yet.' : 'It printed nothing.'}
            isRunning={isRunning}
          />
        </>
      )}
    </section>
  );
}

/** A distance from the end that counts as the end, in px. */
const AT_END = 8;

/** While it runs, the newest line stays in sight, unless somebody has scrolled to an earlier one. */
function Lines({
  text,
  otherwise,
  isRunning,
}: {
  text: string;
  otherwise: string;
  isRunning: boolean;
}) {
  const lines = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const { current } = lines;
    if (isRunning && isAtEnd.current && current !== null) current.scrollTop = current.scrollHeight;
  }, [text, isRunning]);
  return (
    <pre
      class="log"
      tabIndex={0}
      role="group"
      aria-label="Lines of the log"
      ref={lines}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END;
      }}
    >
      {text === '' ? otherwise : text}
    </pre>
  );
}
