import type { RunRecord } from '../../../schedule/state/record.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import { wholeNumber } from '../../values/count.js';
import { countOf } from '../../output/units.js';
import { RECORD_FIELDS, resultText, resultTone } from './run-text.js';
import { zoneColumns } from './zone-column.js';
import { STATE_OPTION, stateFolderOf } from './state-folder.js';

const DEFAULT_LIMIT = 20;

export const scheduleHistory = defineCommand({
  description:
    'List past runs, newest first: whether each entry ran, how it ended and how long it took. ' +
    'Damaged lines of the history are counted, and the exit status is then 3, as it is where the ' +
    'state cannot be read.',
  arguments: {
    name: { description: 'list only this entry', optional: true, complete: 'entry' },
  },
  options: {
    failed: { description: 'list only failed and missed runs' },
    limit: {
      value: 'count',
      description: 'the maximum number of runs',
      parse: wholeNumber(1, 6),
      default: DEFAULT_LIMIT,
    },
    stateDir: STATE_OPTION,
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['partial', 'not_found'],
  examples: {
    'mangamotion schedule history': `list the last ${DEFAULT_LIMIT} runs`,
    'mangamotion schedule history daily --failed': 'list failed and missed runs of one entry',
    "mangamotion schedule history daily --json | jq -r '.runs[] | [.due_at, .archive_bytes] | @tsv'":
      'follow the size of a backup',
  },
  async run(context, { name }, { failed, limit, stateDir }) {
    const { chooseRuns, readRuns } = await import('../../../reports/schedule/history.js');
    const folder = stateFolderOf(context, stateDir);
    const runs = await readRuns(folder);
    const { records, damaged, unusable } = runs;
    const rows = chooseRuns(runs, { name, failedOnly: failed, limit });
    if (damaged > 0) {
      const are = damaged === 1 ? 'is not a record' : 'are not records';
      context.warn(`${countOf(damaged, 'line')} of the history in ${folder} ${are}`);
    }
    if (unusable !== undefined) {
      context.warn(`the state in ${folder} cannot be used: ${unusable}`);
    }
    const isPartial = damaged > 0 || unusable !== undefined;
    await context.output.rows({
      member: 'runs',
      json: (record: RunRecord) => record,
      fields: RECORD_FIELDS,
      rows,
      columns: context.output.forPeople
        ? [
            ...peopleColumns(rows),
            ...zoneColumns(rows, ({ due_at }) => due_at, { readersZone: context.output.zone }),
          ]
        : csvColumns,
      empty: records.length === 0 ? nothingText(isPartial) : noRunText(name, failed),
    });
    return isPartial ? 'partial' : undefined;
  },
});

function nothingText(isPartial: boolean): string {
  return isPartial
    ? 'no record of a run can be read'
    : 'nothing has run yet: `mangamotion schedule next` shows what is due';
}

function noRunText(name: string | undefined, failed: boolean): string {
  const ofName = name === undefined ? '' : ` of ${name}`;
  return `no run${ofName}${failed ? ' failed or was missed' : ' yet'}`;
}

const columns: Column<RunRecord>[] = [
  {
    title: 'due',
    name: 'due_at',
    value: ({ due_at }) => due_at,
    show: ({ due_at }, people) => people.clock(due_at),
    least: Infinity,
  },
  { title: 'name', name: 'name', value: ({ name }) => name, tone: () => 'strong' },
  { title: 'result', name: 'result', value: resultText, tone: resultTone, least: Infinity },
  {
    title: 'took',
    name: 'seconds',
    value: secondsOf,
    show: (record, people) => {
      const seconds = secondsOf(record);
      return seconds === undefined ? '' : people.duration(seconds);
    },
    align: 'right',
    dispensable: 2,
  },
  {
    title: 'exit',
    name: 'exit_code',
    value: ({ exit_code }) => exit_code,
    align: 'right',
    dispensable: 5,
  },
  {
    title: 'archive',
    name: 'archive_bytes',
    value: ({ archive_bytes }) => archive_bytes,
    show: ({ archive_bytes: bytes }, people) => (bytes === null ? '' : people.bytes(bytes)),
    align: 'right',
    dispensable: 2,
  },
  {
    title: 'copied',
    name: 'copied_bytes',
    value: ({ copied_bytes }) => copied_bytes,
    show: ({ copied_bytes: bytes }, people) =>
      bytes === null || bytes === undefined ? '' : people.bytes(bytes),
    align: 'right',
    dispensable: 3,
  },
  {
    title: 'reason or log',
    name: 'reason',
    value: ({ reason, log_file }) => reason ?? log_file,
    least: 16,
    dispensable: 4,
    wraps: true,
  },
];

/** Why something did not run is worth more than its figures; where its log lies is not. */
function peopleColumns(rows: readonly RunRecord[]): Column<RunRecord>[] {
  const hasReason = rows.some(({ reason }) => reason !== null);
  return columns.map((column) =>
    column.name === 'reason' && hasReason ? { ...column, dispensable: 1 } : column,
  );
}

/** `undefined` where it did not run, or its end is not known. */
function secondsOf({ started_at, finished_at }: RunRecord): number | undefined {
  if (started_at === null || finished_at === null) return undefined;
  return (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
}

const CSV_FIELDS = [
  ...(['due_at', 'name', 'result', 'started_at', 'finished_at', 'exit_code', 'trigger'] as const),
  ...(['bytes', 'archive_bytes', 'reason', 'log_file', 'count', 'copied_bytes', 'zone'] as const),
];

const csvColumns: Column<RunRecord>[] = CSV_FIELDS.map((field) => ({
  title: field,
  name: field,
  value: (record) => record[field],
}));
