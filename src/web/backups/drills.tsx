import type { DrillDocument, DrillsDocument } from '../data/backup-documents.js';
import { Command } from '../kit/copy.js';
import { Marked, type MarkName } from '../kit/marks.js';
import { Table } from '../kit/table.js';
import { Ago } from '../kit/time.js';
import { countOf } from '../text/numbers.js';
import { commandLine } from './names.js';
import { ofLimitText, verdictText } from './standing.js';

const SIGNS: Readonly<Record<DrillDocument['verdict'], { mark: MarkName; kind: string }>> = {
  met: { mark: 'completed', kind: 'met' },
  missed: { mark: 'failed', kind: 'missed' },
  not_proven: { mark: 'unknown', kind: '' },
};

/** The last drill of each scenario. */
export function Drills({
  destination,
  drills: { damaged, problem, last },
}: {
  destination: string;
  drills: DrillsDocument;
}) {
  return (
    <section class="sec" aria-labelledby="drills-h">
      <h2 id="drills-h">Drills</h2>
      {(damaged > 0 || problem !== null) && (
        <p class="note near">
          {damaged > 0
            ? `${countOf(damaged, 'record')} cannot be read.`
            : `Not all records can be read: ${problem?.error ?? ''}.`}
        </p>
      )}
      {last.length > 0 ? (
        <Table
          label="The last drill of each scenario"
          class="snug"
          rows={last}
          keyOf={({ scenario }) => scenario}
          columns={[
            {
              ...{ id: 'scenario', title: 'Scenario', isRowHead: true },
              cell: (one) => one.scenario,
            },
            {
              ...{ id: 'verdict', title: 'Verdict', class: 'lead-cell' },
              cell: ({ verdict }) => <Marked {...SIGNS[verdict]}>{verdictText(verdict)}</Marked>,
            },
            {
              ...{ id: 'at', title: 'When', class: 'n', label: 'when' },
              cell: ({ at }) => <Ago time={at} />,
            },
            {
              ...{ id: 'rto', title: 'Time to recover', class: 'n', label: 'recovered in' },
              cell: ({ rto_seconds: rto, rto_limit_seconds: limit, extrapolated }) =>
                ofLimitText(rto, limit, extrapolated),
            },
            {
              ...{ id: 'rpo', title: 'Data lost', class: 'n', label: 'data lost' },
              cell: ({ rpo_seconds: rpo, rpo_limit_seconds: limit }) => ofLimitText(rpo, limit),
            },
            {
              ...{ id: 'met', title: 'Last met', class: 'n', label: 'last met' },
              cell: ({ last_met_at: met }) => (met === null ? 'never' : <Ago time={met} />),
            },
            {
              ...{ id: 'why', title: 'Why', class: 'wide' },
              cell: ({ reason = '' }) => <span class="soft">{reason}</span>,
            },
          ]}
        />
      ) : (
        <p class="note">
          {damaged > 0 || problem !== null ? '' : 'No drill is recorded. '}A drill restores for
          real, where it harms nobody:
        </p>
      )}
      {last.length === 0 && (
        <Command text={commandLine('mangamotion', 'drill', 'object', destination)} />
      )}
    </section>
  );
}
