import { parseBegin } from '../../../moment.js';
import { defineCommand } from '../../argv/command.js';
import { STATE_OPTION, stateFolderOf } from '../schedule/state-folder.js';
import { warnOfDamaged } from './read.js';

const DEFAULT_SINCE = '90d';

export const drillReport = defineCommand({
  description:
    'Print the evidence of past drills, for an auditor: Markdown, or JSON with --json. It has the ' +
    'drills of the period by scenario, and each one with its steps and differences. The exit status ' +
    'is 3 if lines of the records are damaged.',
  arguments: {},
  options: {
    since: {
      value: 'time',
      description: `the begin of the period: 2024-01-15, or an age such as 90d (default: ${DEFAULT_SINCE})`,
      parse: parseBegin,
    },
    stateDir: STATE_OPTION,
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['partial'],
  examples: {
    'mangamotion drill report --since 90d > drills.md': 'write the evidence of a quarter',
    "mangamotion drill report --json | jq '.scenarios[] | select(.met == 0) | .scenario'":
      'name the scenarios that no drill has proven',
  },
  async run(context, _arguments, { since = parseBegin(DEFAULT_SINCE), stateDir }) {
    const { readRecords, recordsFolderOf } = await import('../../../drill/records.js');
    const { reportMarkdown, reportOf } = await import('../../../drill/report.js');
    const folder = recordsFolderOf(stateFolderOf(context, stateDir));
    const { records, damaged } = await readRecords(folder);
    warnOfDamaged(context, damaged);
    const until = context.now();
    const report = reportOf(records, { since: since(until), until, damaged: damaged.length });
    // Markdown is not wrapped: a table has its rows on lines of their own.
    await context.output.text({ json: report, human: () => reportMarkdown(report) });
    return damaged.length > 0 ? 'partial' : undefined;
  },
});
