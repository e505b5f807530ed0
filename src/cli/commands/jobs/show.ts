import { jobAnswer } from '../../../billing/answers.js';
import { MangamotionError } from '../../../errors.js';
import type { JobRow } from '../../../jobs/row.js';
import { durationsOf } from '../../../jobs/row.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { JOB_ARGUMENT, warnOf } from '../billing/shared-options.js';
import type { JobsContext } from './shared-options.js';
import { ANY_BUCKET_OPTION, QUEUE_OPTIONS, openJobs } from './shared-options.js';
import { artifactJson } from './job-artifacts.js';
import { type ShownJob, describeJob } from './job-page.js';
import { jobJson } from './list-columns.js';
import { drawThumbnail } from './thumbnail.js';

export const jobsShow = defineCommand({
  description:
    'Show everything known about a job: its state, times, attempts, files, options, error and ' +
    'cost, and its objects in the object store.',
  arguments: { job: JOB_ARGUMENT },
  options: {
    ...QUEUE_OPTIONS,
    anyBucket: ANY_BUCKET_OPTION,
    explain: { description: 'show how its cost is calculated' },
    thumbnail: { description: 'draw its preview on a terminal' },
    noFiles: { description: 'do not query the object store' },
  },
  changes: 'nothing',
  usesStore: true,
  printsRows: false,
  endsWith: ['partial', 'not_found', 'damaged', 'unreachable'],
  examples: {
    'mangamotion jobs show 4711': 'show a job',
    'mangamotion jobs show 4711 --thumbnail': 'show a job with its preview',
    "mangamotion jobs show 4711 --json | jq -r '.stacktrace[-1]'": 'print the last stack trace',
  },
  async run(context, { job: id }, { explain, thumbnail, noFiles, anyBucket, ...queues }) {
    const jobsContext = await openJobs(context, queues);
    const shown = await readJob(context, jobsContext, id, { look: !noFiles, anyBucket });
    const lines = explain ? await explained(jobsContext, shown) : undefined;
    const picture = thumbnail ? await drawThumbnail(context, shown.artifacts) : undefined;
    const { details, artifacts } = shown;
    const problems = [
      ...(shown.job?.problems ?? []),
      ...artifacts.problems,
      ...(picture?.problem === undefined ? [] : [picture.problem]),
    ];
    warnOf(context, details?.problems ?? []);
    for (const problem of problems) context.warn(problem);
    const notes = [...(shown.job?.notes ?? []), ...artifacts.notes];
    for (const note of notes) context.progress.note(`note: ${note}`);
    await context.output.document({
      json: {
        ...shownJson(shown, context.now()),
        problems: [...(details?.problems ?? []), ...problems],
        notes,
        explain: lines,
      },
      human: (page) => {
        describeJob(page, shown, context.now());
        if (lines !== undefined) page.text('').text(lines.join('\n'));
        if (picture?.drawing !== undefined) page.text('').drawing(picture.drawing);
      },
    });
    return problems.length > 0 || (details?.problems ?? []).length > 0 ? 'partial' : undefined;
  },
});

async function readJob(
  context: CommandContext,
  jobsContext: JobsContext,
  id: string,
  files: { look: boolean; anyBucket: boolean },
): Promise<ShownJob> {
  const { findJob } = await import('../../../jobs/list.js');
  const { readJobDetails } = await import('../../../billing/job-records.js');
  const row = await findJob(jobsContext.sources, id);
  if (row === undefined) {
    throw new MangamotionError('not_found', `no job ${id} in queue ${jobsContext.queue.name}`, {
      hint:
        'neither the queue nor the billing records contain it; `mangamotion jobs list` lists the ' +
        'known jobs',
    });
  }
  const details = row.record && (await readJobDetails(jobsContext.redis, id, jobsContext.pricing));
  const { findArtifacts } = await import('./job-artifacts.js');
  const artifacts = await findArtifacts(context, row, files);
  const worker = await workerFor(jobsContext, row);
  return { ...row, ...jobsContext.priceOf(row), result: undefined, details, artifacts, worker };
}

async function workerFor(
  { redis, queue }: JobsContext,
  { state }: JobRow,
): Promise<boolean | undefined> {
  if (state !== 'waiting' && state !== 'prioritized') return undefined;
  const { hasWorker } = await import('../../../jobs/queue/workers.js');
  return await hasWorker(redis, queue);
}

async function explained(
  { pricing }: JobsContext,
  { details }: ShownJob,
): Promise<string[] | undefined> {
  if (details === undefined) return ['no usage is recorded'];
  const { explainCost } = await import('../../../billing/explain.js');
  return explainCost(pricing, details.usage);
}

function shownJson(shown: ShownJob, now: Date) {
  const { job, details, artifacts } = shown;
  const { waited, ran } = durationsOf(shown, now);
  return {
    ...jobJson(shown),
    name: job?.name ?? null,
    data: job?.data ?? null,
    files: job?.files ?? null,
    options: job?.options ?? null,
    attempts_made: job?.attemptsMade ?? null,
    waited_seconds: waited,
    ran_seconds: ran,
    progress_detail: job?.progressDetail ?? null,
    stacktrace: job?.stacktrace ?? [],
    return_value: job?.returnValue ?? null,
    worker_connected: shown.worker ?? null,
    billing: details === undefined ? null : jobAnswer(details),
    artifacts: artifacts.looked ? artifacts.found.map(artifactJson) : null,
  };
}
