import { findJob } from '../../../jobs/list.js';
import type { FindOutcome, ResultSearch } from '../../../jobs/result.js';
import type { JobSources } from '../../../jobs/sources.js';
import type { ObjectStore } from '../../../object-store/port.js';
import type { CommandContext } from '../../argv/command.js';
import type { ChosenQueues } from './shared-options.js';
import { openJobs } from './shared-options.js';
import { jobFilesOf } from './job-files.js';

export interface ResultOptions extends ChosenQueues {
  anyBucket: boolean;
}

/** What the result of a job is looked for with. */
export async function openSearch(
  context: CommandContext,
  { anyBucket, ...queues }: ResultOptions,
): Promise<ResultSearch & { store: ObjectStore }> {
  const [config, { sources }, store] = await Promise.all([
    context.config(),
    openJobs(context, queues),
    context.openStore(),
  ]);
  return {
    store,
    findOutcome: outcomesOf(sources),
    resultPaths: config.jobs.resultPaths,
    ...jobFilesOf(config, { anyBucket }),
    signal: context.signal,
  };
}

/** What a billing record tells of a job that has left the queue; other words say nothing. */
const ENDS = new Set(['pending', 'processing', 'completed', 'failed', 'skipped']);

function outcomesOf(sources: JobSources): FindOutcome {
  return async (jobId) => {
    const row = await findJob(sources, jobId);
    if (row === undefined) return undefined;
    const { status, state, job } = row;
    const isKnown = ENDS.has(status);
    return {
      id: jobId,
      status: isKnown ? status : 'unknown',
      state,
      returnValue: job?.returnValue ?? null,
    };
  };
}
