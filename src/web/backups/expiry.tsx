import type { DestinationDocument } from '../data/backup-documents.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { countOf, formatCount } from '../text/numbers.js';
import { shortId } from './chain.js';

/** What expires next in each line. */
export function Expiry({ status }: { status: NonNullable<DestinationDocument['status']> }) {
  return (
    <section class="sec" aria-labelledby="expiry-h">
      <h2 id="expiry-h">What expires when</h2>
      {status.lines.length === 0 ? (
        <p class="note">There is no backup that could expire.</p>
      ) : (
        <>
          <Table
            label="Expiry of each line"
            class="snug"
            rows={status.lines}
            keyOf={({ line }) => line}
            columns={[
              {
                ...{ id: 'line', title: 'Line', isRowHead: true },
                cell: ({ line, source_name: name }) => name ?? line,
              },
              {
                ...{ id: 'backups', title: 'Backups', class: 'n', label: 'backups' },
                cell: ({ backups }) => formatCount(backups),
              },
              {
                ...{ id: 'ids', title: 'Expires next', class: 'wide' },
                cell: ({ next_expiry: next, suspended_by: by }) =>
                  by !== null
                    ? `nothing: ${shortId(by)} is suspect`
                    : next === null
                      ? 'nothing by age'
                      : next.ids.length > 3
                        ? countOf(next.ids.length, 'backup')
                        : next.ids.map(shortId).join(', '),
              },
              {
                ...{ id: 'at', title: 'When', class: 'key' },
                cell: ({ next_expiry: next, suspended_by: by }) =>
                  by !== null ? 'held' : next === null ? '–' : <Ago time={next.at} />,
              },
            ]}
          />
          <p class="note">
            By the {countOf(status.retention.days, 'day')} that serve was started with
            (BACKUP_RETENTION_DAYS); --keep-days of a command may differ.
          </p>
        </>
      )}
    </section>
  );
}
