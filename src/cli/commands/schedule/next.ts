import { upcomingDocument } from '../../../reports/schedule/next.js';
import { upcoming } from '../../../schedule/reports.js';
import type { Upcoming } from '../../../schedule/reports.js';
import type { Column } from '../../output/columns.js';
import { fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { wholeNumber } from '../../values/count.js';
import { FILE_OPTION, readGoodSchedule } from './file.js';
import { timeText } from './run-text.js';
import { zoneColumns } from './zone-column.js';

const DEFAULT_COUNT = 10;

export const scheduleNext = defineCommand({
  description: 'Show what the schedule runs next, and when.',
  arguments: {},
  options: {
    file: FILE_OPTION,
    count: {
      value: 'count',
      description: 'the number of runs',
      parse: wholeNumber(1, 4),
      default: DEFAULT_COUNT,
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['not_found'],
  examples: {
    'mangamotion schedule next': 'show the next ten runs',
    "mangamotion schedule next --count 1 --json | jq -r '.runs[0].at'":
      'print the next time in a script',
  },
  async run(context, _arguments, { file, count }) {
    const { entries } = await readGoodSchedule(context, file);
    const rows = upcoming(entries, context.now(), count);
    await context.output.rows({
      member: 'runs',
      json: upcomingDocument,
      fields: fieldNames('name', 'at', 'command', 'zone'),
      rows,
      columns: [
        ...columns,
        ...(context.output.forPeople
          ? zoneColumns(rows, timeOf, { readersZone: context.output.zone })
          : [zoneOnly]),
      ],
      empty: 'nothing is scheduled',
    });
    return undefined;
  },
});

const columns: Column<Upcoming>[] = [
  {
    title: 'at',
    name: 'at',
    value: ({ at }) => at.toISOString(),
    show: ({ at }, people) => timeText(at.toISOString(), people),
    brief: ({ at }, people) => people.clock(at.toISOString()),
    least: Infinity,
  },
  { title: 'name', name: 'name', value: ({ name }) => name, tone: () => 'strong' },
  {
    title: 'command',
    name: 'command',
    value: ({ command }) => command,
    least: Infinity,
    wraps: true,
  },
];

const zoneOnly: Column<Upcoming> = { title: 'zone', name: 'zone', value: ({ zone }) => zone };

function timeOf({ at }: Upcoming): string {
  return at.toISOString();
}
