import { jobJson, listed } from '../../../reports/jobs/documents.js';
import { unreadFor } from '../../../reports/jobs/unread.js';
import { defineCommand } from '../../argv/command.js';
import { wholeNumber } from '../../values/count.js';
import { countOf, formatCount } from '../../output/units.js';
import { QUEUE_OPTIONS, expectQueue, openJobs, storeAccess } from './shared-options.js';
import { FILTER_OPTIONS, filterOf } from './filter-options.js';
import { JOB_FIELDS, jobColumns } from './list-columns.js';

const DEFAULT_LIMIT = 50;

export const jobsList = defineCommand({
  description:
    'List jobs, newest first: those in the queue and those with a billing record. Each row shows ' +
    'which of the two it comes from. If the object store is configured, the results of completed ' +
    'jobs are looked up there. Times are those of creation, else of the end, else of the last ' +
    'billing call.',
  arguments: {},
  options: {
    ...FILTER_OPTIONS,
    ...QUEUE_OPTIONS,
    limit: {
      value: 'count',
      description: 'the number of rows',
      parse: wholeNumber(1, 6),
      default: DEFAULT_LIMIT,
    },
    offset: {
      value: 'count',
      description: 'skip this many jobs',
      parse: wholeNumber(0, 9),
      default: 0,
    },
    noFiles: { description: 'do not look up results in the object store' },
  },
  changes: 'nothing',
  usesStore: true,
  printsRows: true,
  endsWith: ['partial', 'not_found', 'unreachable'],
  examples: {
    'mangamotion jobs list --status failed --since 24h': 'list recent failures',
    'mangamotion jobs list --user alice --limit 10': 'list the last ten jobs of a user',
    "mangamotion jobs list --json | jq '.jobs[] | {id, status, cost}'": 'select fields in a script',
  },
  async run(context, _arguments, options) {
    const { limit, offset, noFiles } = options;
    const filter = filterOf(options, context.now());
    const jobsContext = await openJobs(context, options);
    const [{ listJobs }, { findResults }, { notesOf, problemsOf }, workers] = await Promise.all([
      import('../../../jobs/list.js'),
      import('../../../reports/jobs/results.js'),
      import('../../../reports/jobs/remarks.js'),
      import('../../../reports/jobs/workers.js'),
    ]);
    context.progress.start('reading jobs');
    const list = await listJobs(jobsContext.sources, {
      ...filter,
      ...{ limit, offset, signal: context.signal },
      onProgress: (count) => context.progress.update({ objects: count }),
    });
    context.progress.done();
    if (list.total === 0) await expectQueue(context, jobsContext);
    const rows = listed(list.rows, jobsContext);
    const lookup = noFiles ? undefined : await findResults(await storeAccess(context), rows);
    const { outcome: looked, failure } = lookup ?? {};
    if (failure !== undefined) context.warn(`results were not looked up: ${failure.message}`);
    const unread = unreadFor(filter, jobsContext);
    const problems = problemsOf(jobsContext.problems, rows, unread);
    for (const problem of problems.slice(0, MOST_TOLD)) context.warn(problem);
    const notes = notesOf(rows);
    for (const note of notes.slice(0, MOST_TOLD)) context.progress.note(`note: ${note}`);
    const { forPeople } = context.output;
    const { waiting, isConnected } = await workers.askForWorkers(jobsContext);
    await context.output.rows({
      member: 'jobs',
      head: filter.userId === undefined ? {} : { user_id: filter.userId },
      json: jobJson,
      tail: () => ({
        ...{ total: list.total, limit, offset, read: list.read },
        worker_connected: isConnected ?? null,
        ...{ problems, notes },
      }),
      fields: JOB_FIELDS,
      rows,
      columns: jobColumns({
        withResults: looked === 'found',
        rows: forPeople ? rows : undefined,
      }),
      empty: list.total === 0 ? 'no jobs' : `no more jobs: there are ${formatCount(list.total)}`,
      footer: () =>
        [
          footerText(rows.length, list.total, offset),
          isConnected === false ? workers.noWorkerText(waiting) : undefined,
        ]
          .filter((line) => line !== undefined)
          .join('; ') || undefined,
    });
    return problems.length > 0 || looked === 'unreachable' ? 'partial' : undefined;
  },
});

const MOST_TOLD = 20;

function footerText(shown: number, total: number, offset: number): string | undefined {
  if (shown === 0) return undefined;
  if (shown === total) return countOf(total, 'job');
  const range = `${formatCount(offset + 1)} to ${formatCount(offset + shown)}`;
  return `${range} of ${countOf(total, 'job')}`;
}
