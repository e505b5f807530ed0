import { MangamotionError } from '../../../errors.js';
import { defineCommand } from '../../argv/command.js';
import { parseDuration } from '../../values/duration.js';
import { JOB_ARGUMENT } from '../billing/shared-options.js';
import { QUEUE_OPTIONS } from './shared-options.js';
import { FILTER_OPTIONS, filterOf } from './filter-options.js';

const DEFAULT_INTERVAL_MS = 5000;
const SHORTEST_MS = 1000;
const LONGEST_MS = 3_600_000;

export const jobsWatch = defineCommand({
  description:
    'Show jobs as they change, until Ctrl-C. On a terminal this is a live table, in which the ' +
    'arrow keys scroll, / filters and q quits; elsewhere (or with --json) it is one line of JSON per change, after one line for each existing job. With ' +
    'a job id, it follows that job until it ends: the exit status is 0 if the job completed and ' +
    '5 if it did not.',
  arguments: { job: { ...JOB_ARGUMENT, description: 'follow only this job', optional: true } },
  options: {
    ...FILTER_OPTIONS,
    ...QUEUE_OPTIONS,
    interval: {
      value: 'time',
      description: 'how often to poll when no events arrive: 1s to 1h (default: 5s)',
      parse: readInterval,
    },
  },
  changes: 'nothing',
  usesStore: false,
  printsRows: false,
  endsWith: ['not_found', 'damaged', 'unreachable', 'interrupted'],
  examples: {
    'mangamotion jobs watch --status pending,processing': 'show unfinished jobs',
    'mangamotion jobs watch 4711 && mangamotion jobs download 4711':
      'wait for a job, then download its result',
    'mangamotion jobs watch --json | jq -c \'select(.job.status == "failed")\'':
      'print failures as they happen',
  },
  async run(context, { job }, options) {
    const { queue, billingQueue, interval: intervalMs = DEFAULT_INTERVAL_MS } = options;
    const queues = { queue, billingQueue };
    const filter = filterOf(options, context.now());
    if (job === undefined) {
      const { watchJobs } = await import('./watch-list.js');
      await watchJobs(context, { queues, intervalMs, filter });
      return undefined;
    }
    if (Object.values(filter).some((value) => value !== undefined)) {
      throw new MangamotionError('usage', 'filters cannot be combined with a job id', {
        hint: 'omit --user, --status, --state, --since and --until, or the job id',
      });
    }
    const { followJob } = await import('./watch-job.js');
    return await followJob(context, { id: job, queues, intervalMs });
  },
});

function readInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
  throw new MangamotionError('usage', 'must be 1s to 1h');
}
