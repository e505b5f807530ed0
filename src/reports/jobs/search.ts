import { findJob } from '../../jobs/list.js';
import type { FindOutcome, ResultSearch } from '../../jobs/result.js';
import type { JobRow } from '../../jobs/row.js';
import type { JobSources } from '../../jobs/sources.js';
import type { ObjectStore } from '../../object-store/port.js';
import { jobFilesOf } from './files.js';
import type { StoreAccess } from './store-access.js';

/** What the result of a job is looked for with. */
export interface StoreSearch extends ResultSearch {
  store: ObjectStore;
}

/** Resolves to the search for results of jobs whose outcome `findOutcome` tells. */
export async function openSearch(
  { config, openStore, signal }: StoreAccess,
  { findOutcome, anyBucket }: { findOutcome: FindOutcome; anyBucket: boolean },
): Promise<StoreSearch> {
  return {
    store: await openStore(),
    findOutcome,
    resultPaths: config.jobs.resultPaths,
    ...jobFilesOf(config, { anyBucket }),
    signal,
  };
}

export function outcomesIn(sources: JobSources): FindOutcome {
  return async (jobId) => {
    const row = await findJob(sources, jobId);
    return row && outcomeOf(row);
  };
}

/** What a billing record tells of a job that has left the queue; other words say nothing. */
const ENDS = new Set(['pending', 'processing', 'completed', 'failed', 'skipped']);

export function outcomeOf({ id, status, state, job }: JobRow) {
  const isKnown = ENDS.has(status);
  return {
    id,
    status: isKnown ? status : 'unknown',
    state,
    returnValue: job?.returnValue ?? null,
  };
}
