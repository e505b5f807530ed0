import type { Problem } from '../../../schedule/crontab/entry.js';
import type { Column } from '../../output/columns.js';
import { fieldNames } from '../../output/fields.js';
import { defineCommand } from '../../argv/command.js';
import { countOf } from '../../output/units.js';
import { FILE_OPTION, problemText, readSchedule } from './file.js';

export const scheduleCheck = defineCommand({
  description:
    'Check the times, options and commands in the schedule file, and list all mistakes with line ' +
    'and column. If there are mistakes, the exit status is 5. A daemon does not start with most of ' +
    'them. Warnings, such as a destination that does not exist, do not change the exit status.',
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
    const { entries, problems: fatal, remarks } = await readSchedule(context, file);
    const mistakes = remarks.filter(({ severity }) => severity === 'mistake');
    const warnings = remarks.filter(({ severity }) => severity === 'warning');
    const problems = [...fatal, ...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
    for (const warning of warnings) context.warn(problemText(file, warning));
    await context.output.rows({
      fields: fieldNames('line', 'column', 'message'),
      member: 'problems',
      head: {
        ...{ file, ok: problems.length === 0, entries: entries.length },
        warnings: warnings.map(problemJson),
      },
      json: problemJson,
      rows: problems,
      columns: context.output.forPeople ? peopleColumns(file) : csvColumns,
      empty: `✓ ${file}: ${countOf(entries.length, 'entry', 'entries')}, no mistakes`,
    });
    return problems.length > 0 ? 'damaged' : undefined;
  },
});

function problemJson({ line, column, message }: Problem) {
  return { line, column, message };
}

function peopleColumns(file: string): Column<Problem>[] {
  const value = (problem: Problem) => problemText(file, problem);
  return [{ title: 'mistake', name: 'message', value, wraps: true }];
}

const csvColumns: Column<Problem>[] = [
  { title: 'line', name: 'line', value: ({ line }) => line },
  { title: 'column', name: 'column', value: ({ column }) => column },
  { title: 'message', name: 'message', value: ({ message }) => message },
];
