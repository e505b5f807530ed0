import { MangamotionError } from '../../../errors.js';
import type { JobAccess } from '../../../reports/jobs/access.js';
import type { ShownJob } from '../../../reports/jobs/show.js';
import { defineCommand } from '../../argv/command.js';
import type { CommandContext } from '../../argv/command.js';
import { JOB_ARGUMENT, warnOf } from '../billing/shared-options.js';
import { ANY_BUCKET_OPTION, QUEUE_OPTIONS, openJobs, storeAccess } from './shared-options.js';
import { describeJob } from './job-page.js';
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
    const { explained, remarksOn, shownJson } = await import('../../../reports/jobs/show.js');
    const access = await openJobs(context, queues);
    const shown = await readJob(context, access, id, { look: !noFiles, anyBucket });
    const lines = explain ? explained(access, shown) : undefined;
    const picture = thumbnail ? await drawThumbnail(context, shown.artifacts) : undefined;
    const { details } = shown;
    const { problems, notes } = remarksOn(shown, ({ message }) => message);
    if (picture?.problem !== undefined) problems.push(picture.problem);
    warnOf(context, details?.problems ?? []);
    for (const problem of problems) context.warn(problem);
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
  access: JobAccess,
  id: string,
  files: { look: boolean; anyBucket: boolean },
): Promise<ShownJob> {
  const [{ findJob }, { showJob }] = await Promise.all([
    import('../../../jobs/list.js'),
    import('../../../reports/jobs/show.js'),
  ]);
  const row = await findJob(access.sources, id);
  if (row !== undefined) return await showJob(access, await storeAccess(context), row, files);
  throw new MangamotionError('not_found', `no job ${id} in queue ${access.queue.name}`, {
    hint:
      'neither the queue nor the billing records contain it; `mangamotion jobs list` lists the ' +
      'known jobs',
  });
}
