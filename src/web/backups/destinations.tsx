import type { DestinationDocument } from '../data/backup-documents.js';
import { inPercent } from '../kit/chart.js';
import { now } from '../kit/clock.js';
import { Marked, type MarkName } from '../kit/marks.js';
import { minute } from '../kit/minute.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { countOf, formatBytes } from '../text/numbers.js';
import { gaugeOf, standingOf, type Gauge } from './standing.js';

/** One row per destination, with each age against its limit. What is not known is never 0. */
export function Destinations({
  destinations,
  hrefOf,
}: {
  destinations: readonly DestinationDocument[];
  hrefOf: (destination: string) => string;
}) {
  return (
    <Table
      label="Destinations"
      class="dest"
      rows={destinations}
      keyOf={({ destination }) => destination}
      columns={[
        {
          ...{ id: 'destination', title: 'Destination', isRowHead: true },
          cell: ({ destination }) => <a href={hrefOf(destination)}>{destination}</a>,
        },
        {
          ...{ id: 'state', title: 'State', class: 'lead-cell tight' },
          cell: (one) => {
            const { isInOrder, word } = standingOf(one, minute.value);
            return (
              <Marked mark={isInOrder ? 'completed' : 'failed'} kind={isInOrder ? 'ok' : 'failed'}>
                {word}
              </Marked>
            );
          },
        },
        {
          ...{ id: 'newest', title: 'Newest complete', class: 'wide', label: 'newest complete' },
          cell: (one) => <Newest destination={one} />,
        },
        {
          ...{ id: 'verified', title: 'Last verified', class: 'wide', label: 'last verified' },
          cell: ({ last_verified: verified }) =>
            verified === null ? (
              <Unknown>no entry of the schedule verifies it in full</Unknown>
            ) : (
              <>
                <Marked mark="completed" kind="ok">
                  <Ago time={verified.at} />
                </Marked>
                <span class="quiet lim">no limit is set; entry {verified.entry}</span>
              </>
            ),
        },
        {
          ...{ id: 'kept', title: 'Kept', class: 'n p3', label: 'kept' },
          cell: ({ list, status }) =>
            list === null || status === null ? (
              <span class="quiet">unknown</span>
            ) : (
              <>
                {countOf(list.backups.length, 'backup')}
                <br />
                <span class="quiet">{formatBytes(status.archive_bytes)}</span>
              </>
            ),
        },
      ]}
    />
  );
}

const SIGNS: Readonly<Record<Gauge['state'], { mark: MarkName; kind: string; bar: string }>> = {
  ok: { mark: 'completed', kind: 'ok', bar: 'b c' },
  near: { mark: 'warn', kind: 'near', bar: 'b w' },
  over: { mark: 'failed', kind: 'overdue', bar: 'b f' },
};

function Newest({ destination: { status } }: { destination: DestinationDocument }) {
  if (status === null) return <Unknown>the destination cannot be read</Unknown>;
  const { newest_complete: newest, max_age_seconds: limit } = status.freshness;
  if (newest === null) {
    return (
      <>
        <Marked mark="failed" kind="failed">
          none
        </Marked>
        {limit !== null && <span class="quiet lim">{gaugeOf(0, limit)?.text}</span>}
      </>
    );
  }
  const age = (now.value.getTime() - Date.parse(newest.created_at)) / 1000;
  const gauge = gaugeOf(Number.isNaN(age) ? null : age, limit);
  const { mark, kind, bar } = SIGNS[gauge?.state ?? 'ok'];
  return (
    <>
      <Marked mark={mark} kind={kind}>
        {Number.isNaN(age) ? newest.created_at : <Ago time={newest.created_at} />}
      </Marked>
      {gauge !== undefined && (
        <svg class="gauge" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2" />
          <rect class={bar} width={inPercent(gauge.percent)} height="4" rx="2" />
        </svg>
      )}
      <span class="quiet lim">{gauge?.text ?? 'no limit is set'}</span>
    </>
  );
}

function Unknown({ children }: { children: string }) {
  return (
    <>
      <Marked mark="unknown">unknown</Marked>
      <span class="quiet lim">{children}</span>
    </>
  );
}
