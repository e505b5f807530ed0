import type { Daemon } from '../../../reports/schedule/status.js';
import type { EntryStatus } from '../../../schedule/reports.js';
import type { Column, Presentation } from '../../output/columns.js';
import { fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { clockText } from '../../output/zone.js';
import { parseDuration } from '../../values/duration.js';
import type { Tone } from '../../output/paint.js';
import { FILE_OPTION, readGoodSchedule } from './file.js';
import { RECORD_FIELDS, resultText, resultTone, timeText } from './run-text.js';
import { zoneColumns } from './zone-column.js';
import { STATE_OPTION, stateFolderOf } from './state-folder.js';

export const scheduleStatus = defineCommand({
  description:
    'Show for each entry of the schedule whether it is running, when it runs next, how its last ' +
    'run ended and when it last succeeded, and whether a daemon is running. The exit status is 5 ' +
    'if the last success of an entry is missing or older than --max-age, and 3 if the state ' +
    'cannot be read.',
  arguments: {},
  options: {
    file: FILE_OPTION,
    stateDir: STATE_OPTION,
    maxAge: {
      value: 'duration',
      description: 'the maximum age of the last success of each entry, such as 26h',
      parse: parseDuration,
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['partial', 'not_found', 'damaged'],
  examples: {
    'mangamotion schedule status': 'show the schedule',
    'mangamotion schedule status --max-age 8d --quiet > /dev/null':
      'for monitoring: the exit status shows whether all is well',
    "mangamotion schedule status --json | jq -e '.daemon != null'":
      'check whether a daemon is running',
  },
  async run(context, _arguments, { file, stateDir, maxAge }) {
    const { entries } = await readGoodSchedule(context, file);
    const folder = stateFolderOf(context, stateDir);
    const { readStatus } = await import('../../../reports/schedule/status.js');
    const { now, signal } = context;
    const status = await readStatus(entries, { folder, now: now(), signal, maxAgeMs: maxAge });
    const { daemon, entries: rows, state } = status;
    if (state.kind === 'unusable')
      context.warn(`the state in ${folder} cannot be used: ${state.reason}`);
    await context.output.rows({
      member: 'entries',
      head: { daemon },
      json: (row: EntryStatus) => row,
      fields: {
        ...fieldNames('name', 'command', 'state', 'running_since', 'next_at', 'last_success_at'),
        ...fieldNames('overdue', 'zone'),
        last_run: RECORD_FIELDS,
      },
      rows,
      columns: context.output.forPeople
        ? [
            ...peopleColumns(maxAge !== undefined),
            ...zoneColumns(rows, ({ next_at }) => next_at, {
              readersZone: context.output.zone,
              goesWith: 1,
            }),
          ]
        : csvColumns,
      footer: () => footer(daemon, state.kind === 'none' ? folder : undefined, context.output.zone),
    });
    if (rows.some(({ overdue }) => overdue === true)) return 'damaged';
    return state.kind === 'unusable' ? 'partial' : undefined;
  },
});

function footer(
  daemon: Daemon | null,
  emptyFolder: string | undefined,
  readersZone: string,
): string {
  const alive =
    daemon === null
      ? '✕ no daemon is running: no entry starts by itself'
      : `✓ a daemon is running: process ${daemon.pid} on ${daemon.host}, since ${clockText(daemon.since, readersZone)}`;
  return emptyFolder === undefined ? alive : `${alive}; ${emptyFolder} has no runs yet`;
}

const STATE_TONES = { running: 'active', waiting: 'waiting', idle: 'muted' } as const;

function stateText({ state, running_since }: EntryStatus, people: Presentation): string {
  if (state === 'running') return `● running since ${timeText(running_since ?? '', people)}`;
  return state === 'waiting' ? '○ waiting' : '– idle';
}

function peopleColumns(withAge: boolean): Column<EntryStatus>[] {
  return [
    { title: 'name', name: 'name', value: ({ name }) => name, tone: () => 'strong' },
    {
      title: 'state',
      name: 'state',
      value: ({ state }) => state,
      show: stateText,
      tone: ({ state }) => STATE_TONES[state],
    },
    {
      title: 'next',
      name: 'next_at',
      value: ({ next_at }) => next_at,
      show: ({ next_at }, people) => (next_at === null ? '' : timeText(next_at, people)),
      brief: ({ next_at }, people) => (next_at === null ? '' : people.time(next_at)),
      least: Infinity,
      dispensable: 1,
    },
    {
      title: 'last',
      name: 'last_run',
      value: ({ last_run }) => last_run?.result,
      show: ({ last_run }, people) =>
        last_run === null ? '' : `${resultText(last_run)}, ${timeText(last_run.due_at, people)}`,
      brief: ({ last_run }, people) =>
        last_run === null ? '' : `${resultText(last_run)}, ${people.time(last_run.due_at)}`,
      tone: ({ last_run }): Tone => (last_run === null ? 'muted' : resultTone(last_run)),
      least: Infinity,
      dispensable: 2,
    },
    {
      title: 'last success',
      name: 'last_success_at',
      value: ({ last_success_at }) => last_success_at,
      show: (row, people) => successText(row, withAge, (time) => timeText(time, people)),
      brief: (row, people) => successText(row, withAge, (time) => people.time(time)),
      tone: ({ overdue }) => (overdue === null ? undefined : overdue ? 'bad' : 'good'),
    },
  ];
}

function successText(
  { last_success_at: at, overdue }: EntryStatus,
  withAge: boolean,
  textOf: (time: string) => string,
): string {
  const text = at === null ? 'none' : textOf(at);
  if (!withAge || overdue === null) return at === null ? '' : text;
  return overdue ? `✕ ${text}: overdue` : `✓ ${text}`;
}

const csvColumns: Column<EntryStatus>[] = [
  { title: 'name', name: 'name', value: ({ name }) => name },
  { title: 'command', name: 'command', value: ({ command }) => command },
  { title: 'state', name: 'state', value: ({ state }) => state },
  { title: 'since', name: 'running_since', value: ({ running_since }) => running_since },
  { title: 'next', name: 'next_at', value: ({ next_at }) => next_at },
  { title: 'last', name: 'last_result', value: ({ last_run }) => last_run?.result },
  { title: 'due', name: 'last_due_at', value: ({ last_run }) => last_run?.due_at },
  { title: 'exit', name: 'last_exit_code', value: ({ last_run }) => last_run?.exit_code },
  { title: 'success', name: 'last_success_at', value: ({ last_success_at }) => last_success_at },
  { title: 'overdue', name: 'overdue', value: ({ overdue }) => overdue },
  { title: 'zone', name: 'zone', value: ({ zone }) => zone },
];
