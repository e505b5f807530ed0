import type { RunDocument } from '../data/documents.js';
import { Marked } from '../kit/marks.js';
import { Table } from '../kit/table.js';
import { formatBytes } from '../text/numbers.js';
import { utcText } from '../text/times.js';
import { hasFailed, reasonOf, resultOf, tookText } from './runs.js';

/** Past runs. A run with a log leads to it. */
export function History({
  runs,
  hrefOf,
}: {
  runs: readonly RunDocument[];
  hrefOf: (id: string) => string;
}) {
  return (
    <Table
      label="History"
      rows={runs}
      keyOf={({ id }) => id}
      columns={[
        {
          ...{ id: 'due', title: 'Due', class: 'lead-cell', isRowHead: true },
          cell: ({ due_at: at }) => (
            <time class="nowrap" dateTime={at} title={utcText(new Date(at))}>
              {dueText(at)}
            </time>
          ),
        },
        { id: 'name', title: 'Entry', class: 'lead-cell', cell: ({ name }) => name },
        {
          ...{ id: 'result', title: 'Result', class: 'lead-cell' },
          cell: (run) => {
            const { word, mark, kind } = resultOf(run);
            return (
              <Marked mark={mark} kind={kind}>
                {word}
              </Marked>
            );
          },
        },
        { ...{ id: 'took', title: 'Took', class: 'n', label: 'took' }, cell: tookText },
        {
          ...{ id: 'exit', title: 'Exit', class: 'n', label: 'exit' },
          cell: ({ exit_code: code, started_at: at }) =>
            at === null ? undefined : code === null ? '?' : String(code),
        },
        {
          ...{ id: 'bytes', title: 'Bytes', class: 'n p3', label: 'bytes' },
          cell: ({ bytes }) => (bytes === null ? undefined : formatBytes(bytes)),
        },
        {
          ...{ id: 'reason', title: 'Reason', class: 'wide' },
          cell: (run) => {
            const reason = reasonOf(run);
            if (reason === undefined) return undefined;
            return <span class={hasFailed(run) ? 'failed' : 'soft'}>{reason}</span>;
          },
        },
        {
          ...{ id: 'log', title: <span class="vh">Log</span>, class: 'key tight' },
          cell: ({ id, name, due_at, log_file: file }) =>
            file === null ? undefined : (
              <a
                href={hrefOf(id)}
                data-opens={id}
                aria-label={`Log of ${name}, ${dueText(due_at)}`}
              >
                Log
              </a>
            ),
        },
      ]}
    />
  );
}

const DATE_TEXT = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', timeZone: 'UTC' },
});

/** `24 Nov 14:20` */
export function dueText(at: string): string {
  return `${DATE_TEXT.format(new Date(at))} ${at.slice(11, 16)}`;
}
