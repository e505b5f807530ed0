import { upcoming } from '../../../schedule/upcoming.js';
import type { Upcoming } from '../../../schedule/upcoming.js';
import type { Column, Presentation } from '../../columns.js';
import { defineCommand } from '../../command.js';
import { MangamotionError } from '../../../errors.js';
import { FILE_OPTION, readGoodSchedule } from './file.js';

const DEFAULT_COUNT = 10;

export const scheduleNext = defineCommand({
  description: 'Tell what runs next and when, by the file of the schedule.',
  arguments: {},
  options: {
    file: FILE_OPTION,
    count: {
      value: 'count',
      description: 'so many runs',
      parse: readCount,
      default: DEFAULT_COUNT,
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  exitCodes: [4],
  examples: [
    { command: 'mangamotion schedule next', meaning: 'the next ten' },
    {
      command: "mangamotion schedule next --count 1 --json | jq -r '.runs[0].at'",
      meaning: 'for a script',
    },
  ],
  async run(context, _arguments, { file, count }) {
    const { entries } = await readGoodSchedule(context, file);
    await context.output.rows({
      member: 'runs',
      json: ({ name, at, command, zone }: Upcoming) => ({
        ...{ name, at: at.toISOString(), command, zone },
      }),
      rows: upcoming(entries, context.now(), count),
      columns,
      empty: 'nothing runs',
    });
    return undefined;
  },
});

const columns: Column<Upcoming>[] = [
  {
    title: 'at',
    name: 'at',
    value: ({ at }) => at.toISOString(),
    show: ({ at }, people) => timeText(at, people),
  },
  { title: 'name', name: 'name', value: ({ name }) => name, tone: () => 'strong' },
  { title: 'command', name: 'command', value: ({ command }) => command },
];

/** `2026-11-25 02:00:00 UTC`; on a terminal also how far away that is. */
function timeText(at: Date, people: Presentation): string {
  const iso = at.toISOString();
  const text = `${iso.slice(0, 19).replace('T', ' ')} UTC`;
  const relative = people.time(iso);
  return relative === iso ? text : `${text}, ${relative}`;
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new MangamotionError('usage', 'must be a whole number, 1 to 9999');
}
