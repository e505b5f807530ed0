import type { DestinationDocument } from '../data/backup-documents.js';
import { now } from '../kit/clock.js';
import { Marked } from '../kit/marks.js';
import { minute } from '../kit/minute.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { countOf, formatBytes } from '../text/numbers.js';
import { Drilled, Verified } from './evidence.js';
import { Fact, Limit, Unknown } from './fact.js';
import { gaugeOf, secondsSince, standingOf } from './standing.js';

/** One row per destination, with each age against its limit. What is not known is never 0. */
export function Destinations({
  destinations,
  chosen,
  hrefOf,
}: {
  destinations: readonly DestinationDocument[];
  /** The one that is shown below. */
  chosen: string | undefined;
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
          cell: ({ destination }) => (
            <a
              href={hrefOf(destination)}
              aria-current={destination === chosen && destinations.length > 1 ? 'true' : undefined}
            >
              {destination}
            </a>
          ),
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
          cell: (one) => <Verified destination={one} />,
        },
        {
          ...{ id: 'drilled', title: 'Last drill', class: 'wide', label: 'last drill' },
          cell: (one) => <Drilled destination={one} />,
        },
        {
          ...{ id: 'kept', title: 'Kept', class: 'n p3', label: 'kept' },
          cell: ({ list, status }) =>
            list === null || status === null ? (
              <span class="quiet">unknown</span>
            ) : (
              <>
                {countOf(list.backups.length, 'backup')} <br />
                <span class="quiet">{formatBytes(status.archive_bytes)}</span>
              </>
            ),
        },
      ]}
    />
  );
}

function Newest({ destination: { status, problem } }: { destination: DestinationDocument }) {
  if (status === null) return <Unknown>the destination cannot be read</Unknown>;
  const { newest_complete: newest, max_age_seconds: limit } = status.freshness;
  if (newest === null) {
    return (
      <>
        <Marked mark="failed" kind="failed">
          none
        </Marked>
        {limit !== null && <Limit>{gaugeOf(0, limit)?.text}</Limit>}
      </>
    );
  }
  const age = secondsSince(newest.created_at, now.value);
  const gauge = gaugeOf(Number.isNaN(age) ? null : age, limit);
  return (
    <Fact
      state={gauge?.state ?? 'ok'}
      isOld={problem !== null}
      gauge={gauge}
      text={gauge?.text ?? 'no limit is set'}
    >
      {Number.isNaN(age) ? newest.created_at : <Ago time={newest.created_at} />}
    </Fact>
  );
}
