import type { Problem } from '../../../schedule/crontab/entry.js';
import type { Column } from '../../output/columns.js';
import { defineCommand } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { FILE_OPTION, problemText, readSchedule } from './file.js';

export const scheduleCheck = defineCommand({
  description:
    'Check the times, options and commands in the schedule file, and list all mistakes with line ' +
    'and column. If there are mistakes, the exit status is 5; a daemon does not start with them.',
  arguments: {},
  options: { file: FILE_OPTION },
  changes: 'nothing',
  usesStore: false,
  printsRows: true,
  endsWith: ['not_found', 'damaged'],
  examples: {
    'mangamotion schedule check': 'check the schedule before the daemon reads it',
    'mangamotion schedule check --file /etc/mangamotion.crontab': 'check another file',
  },
  async run(context, _arguments, { file }) {
    const { entries, problems } = await readSchedule(context, file);
    await context.output.rows({
      member: 'problems',
      head: { file, ok: problems.length === 0, entries: entries.length },
      json: ({ line, column, message }: Problem) => ({ line, column, message }),
      rows: problems,
      columns: columnsFor(file),
      empty: `✓ ${file}: ${countOf(entries.length, 'entry', 'entries')}, no mistakes`,
    });
    return problems.length > 0 ? 'damaged' : undefined;
  },
});

function columnsFor(file: string): Column<Problem>[] {
  return [
    {
      title: 'mistake',
      name: 'line',
      value: ({ line }) => line,
      show: (problem) => problemText(file, problem),
    },
    { title: '', name: 'column', value: ({ column }) => column, show: () => '' },
    { title: '', name: 'message', value: ({ message }) => message, show: () => '' },
  ];
}
