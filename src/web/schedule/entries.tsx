import { useState } from 'preact/hooks';
import { ApiFailure, postDocument } from '../data/api.js';
import type { EntryDocument, RunningDocument } from '../data/documents.js';
import { now } from '../kit/clock.js';
import { CommandLine } from '../kit/copy.js';
import { Mark, Marked } from '../kit/marks.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { spanText } from '../text/times.js';
import { refusalText, resultOf, timeOf, tookText } from './runs.js';

/** A run that was asked for, and has not been seen to begin, is told so for this long. */
const ASKED_FOR_MS = 5000;

/** The entries with their last and next runs, and Run now. */
export function Entries({
  entries,
  running,
  logHrefOf,
  onAsked,
}: {
  entries: readonly EntryDocument[];
  running: readonly RunningDocument[];
  logHrefOf: (id: string) => string;
  onAsked: () => void;
}) {
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set());
  const [refusal, setRefusal] = useState<string | undefined>(undefined);
  const [said, setSaid] = useState('');
  const mark = (name: string, isAsked: boolean): void =>
    setAsked((names) => {
      const changed = new Set(names);
      if (isAsked) changed.add(name);
      else changed.delete(name);
      return changed;
    });
  const runNow = async (name: string): Promise<void> => {
    mark(name, true);
    setRefusal(undefined);
    // What is said twice in the same words is spoken twice.
    setSaid('');
    try {
      await postDocument(`/api/schedule/${encodeURIComponent(name)}/run`);
      setSaid(`The daemon was asked to run ${name}.`);
      onAsked();
      setTimeout(() => {
        mark(name, false);
        onAsked();
      }, ASKED_FOR_MS);
    } catch (error) {
      const { reason, message } =
        error instanceof ApiFailure ? error : { reason: 0, message: String(error) };
      setRefusal(refusalText(name, reason, message));
      mark(name, false);
      onAsked();
    }
  };
  return (
    <>
      {refusal !== undefined && (
        <p class="err" role="alert">
          <Mark name="failed" />
          <span>{refusal}</span>
        </p>
      )}
      <p class="vh" role="status">
        {said}
      </p>
      <Table
        label="Entries"
        rows={entries}
        keyOf={({ name }) => name}
        columns={[
          {
            ...{ id: 'name', title: 'Entry', class: 'lead-cell', isRowHead: true },
            cell: ({ name }) => name,
          },
          {
            ...{ id: 'command', title: 'Command', class: 'p3 wide' },
            cell: ({ command }) => <CommandLine text={command} />,
          },
          {
            ...{ id: 'state', title: 'State', class: 'lead-cell tight' },
            cell: (entry) => {
              const run = running.find(({ name }) => name === entry.name);
              return (
                <>
                  <State entry={entry} />
                  {run !== undefined && (
                    <>
                      {' '}
                      <a
                        href={logHrefOf(run.id)}
                        data-opens={run.id}
                        aria-label={`Log of ${entry.name}, which runs`}
                      >
                        Log
                      </a>
                    </>
                  )}
                </>
              );
            },
          },
          {
            ...{ id: 'next', title: 'Next', class: 'n tight', label: 'next' },
            cell: ({ next_at: at }) => (at === null ? '–' : <Ago time={at} />),
          },
          {
            ...{ id: 'last', title: 'Last run', class: 'tight', label: 'last' },
            cell: ({ last_run: run }) => {
              if (run === null) return <span class="dim">–</span>;
              const { word, mark: name, kind } = resultOf(run);
              return (
                <>
                  <Marked mark={name} kind={kind}>
                    {word}
                  </Marked>{' '}
                  <span class="soft">
                    <Ago time={timeOf(run)} />
                  </span>
                </>
              );
            },
          },
          {
            ...{ id: 'took', title: 'Took', class: 'n p3 tight', label: 'took' },
            cell: ({ last_run: run }) => (run === null ? undefined : tookText(run)),
          },
          {
            ...{ id: 'success', title: 'Last success', class: 'n tight', label: 'last success' },
            cell: ({ last_success_at: at }) => (at === null ? '–' : <Ago time={at} />),
          },
          {
            ...{ id: 'run', title: <span class="vh">Action</span>, class: 'key tight' },
            cell: ({ name, state }) => {
              const isAsked = asked.has(name);
              const isBusy = isAsked || state !== 'idle';
              const word =
                state === 'running'
                  ? 'Running'
                  : state === 'waiting'
                    ? 'Waiting'
                    : isAsked
                      ? 'Asked'
                      : 'Run now';
              return (
                <button
                  class="run-now"
                  type="button"
                  aria-label={`${word}: ${name}`}
                  aria-disabled={isBusy}
                  onClick={() => !isBusy && void runNow(name)}
                >
                  {word}
                </button>
              );
            },
          },
        ]}
      />
    </>
  );
}

function State({ entry: { state, running_since: since } }: { entry: EntryDocument }) {
  if (state === 'waiting') {
    return (
      <Marked mark="pending" kind="pending">
        waits
      </Marked>
    );
  }
  if (state === 'idle') return <Marked mark="skipped">idle</Marked>;
  const seconds = since === null ? undefined : (now.value.getTime() - Date.parse(since)) / 1000;
  return (
    <Marked mark="processing" kind="running">
      {seconds === undefined ? 'runs' : `has run for ${spanText(seconds)}`}
    </Marked>
  );
}
