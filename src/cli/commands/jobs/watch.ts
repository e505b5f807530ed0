import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import { parseDuration } from '../../values/duration.js';
import { JOB_ARGUMENT } from '../billing/shared-options.js';
import { QUEUE_OPTION } from './shared-options.js';
import { FILTER_OPTIONS, filterOf } from './filter-options.js';

const DEFAULT_INTERVAL_MS = 5000;
const SHORTEST_MS = 1000;
const LONGEST_MS = 3_600_000;

export const jobsWatch = defineCommand({
  description:
    'Show jobs as they change, until Ctrl-C: on a terminal a screen that is drawn over in place, ' +
    'elsewhere (or with --json) one line of JSON for each change, after one for each job that is ' +
    'there at the beginning. With a job it follows that one and ends when it has ended: exit status 0 ' +
    'where it completed, 5 where it did not.',
  arguments: { job: { ...JOB_ARGUMENT, description: 'follow this one', optional: true } },
  options: {
    ...FILTER_OPTIONS,
    queue: QUEUE_OPTION,
    interval: {
      value: 'time',
      description: 'look again after so long where nothing is heard: 1s to 1h (otherwise 5s)',
      parse: readInterval,
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['not_found', 'damaged', 'unreachable', 'interrupted'],
  examples: [
    { command: 'mangamotion jobs watch --status pending,processing', meaning: 'what is going on' },
    { command: 'mangamotion jobs watch 4711 && mangamotion jobs download 4711', meaning: 'wait' },
    {
      command: 'mangamotion jobs watch --json | jq -c \'select(.job.status == "failed")\'',
      meaning: 'failures as they come',
    },
  ],
  async run(context, { job }, options) {
    const { queue, interval: intervalMs = DEFAULT_INTERVAL_MS } = options;
    const filter = filterOf(options, context.now());
    if (job === undefined) {
      const { watchJobs } = await import('./watch-list.js');
      await watchJobs(context, { queue, intervalMs, filter });
      return undefined;
    }
    if (Object.values(filter).some((value) => value !== undefined)) {
      throw new MangamotionError('usage', 'a filter makes no sense with a single job', {
        hint: 'leave out --user, --status, --since and --until, or the job',
      });
    }
    const { followJob } = await import('./watch-job.js');
    return await followJob(context, { id: job, queue, intervalMs });
  },
});

function readInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
  throw new MangamotionError('usage', 'must be 1s to 1h');
}
