import type { ChosenQueues } from '../../../reports/jobs/access.js';
import type { StoreSearch } from '../../../reports/jobs/search.js';
import type { CommandContext } from '../../argv/command.js';
import { openJobs, storeAccess } from './shared-options.js';

export interface ResultOptions extends ChosenQueues {
  anyBucket: boolean;
}

/** What the result of a job is looked for with. */
export async function searchFor(
  context: CommandContext,
  { anyBucket, ...queues }: ResultOptions,
): Promise<StoreSearch> {
  const [{ openSearch, outcomesIn }, access, { sources }] = await Promise.all([
    import('../../../reports/jobs/search.js'),
    storeAccess(context),
    openJobs(context, queues),
  ]);
  return await openSearch(access, { findOutcome: outcomesIn(sources), anyBucket });
}
