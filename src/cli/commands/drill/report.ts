import { parseBegin } from '../../../moment.js';
import { defineCommand } from '../../argv/command.js';
import { readRecordsOf, recordsArguments, recordsOptions } from './read.js';

const DEFAULT_SINCE = '90d';

export const drillReport = defineCommand({
  description:
    'Print the evidence of past drills, for an auditor: Markdown, or JSON with --json. It has the ' +
    'drills of the period by scenario, and each one with its steps and differences: those of this ' +
    'host, and those of all hosts that are recorded at the destinations. The exit status is 3 if ' +
    'records are damaged or cannot be read.',
  arguments: recordsArguments,
  options: {
    since: {
      value: 'time',
      description: `the begin of the period: 2024-01-15, or an age such as 90d (default: ${DEFAULT_SINCE})`,
      parse: parseBegin,
    },
    ...recordsOptions,
  },
  changes: 'nothing',
  usesStore: true,
  printsRows: false,
  endsWith: ['partial'],
  examples: {
    'mangamotion drill report --since 90d > drills.md': 'write the evidence of a quarter',
    "mangamotion drill report --json | jq '.scenarios[] | select(.met == 0) | .scenario'":
      'name the scenarios that no drill has proven',
  },
  async run(context, { destination }, { since = parseBegin(DEFAULT_SINCE), ...places }) {
    const { reportMarkdown, reportOf } = await import('../../../drill/report.js');
    const { records, damaged, unread } = await readRecordsOf(context, destination, places);
    const until = context.now();
    const report = reportOf(records, {
      ...{ since: since(until), until, damaged: damaged.length },
      unread: unread.map((one) => one.destination),
    });
    // Markdown is not wrapped: a table has its rows on lines of their own.
    await context.output.text({ json: report, human: () => reportMarkdown(report) });
    return damaged.length > 0 || unread.length > 0 ? 'partial' : undefined;
  },
});
