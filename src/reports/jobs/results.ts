import { hasStoreCredentials } from '../../config/load.js';
import { inParallel } from '../../in-parallel.js';
import { resultPlaces } from '../../jobs/places.js';
import { findArtifact } from '../../jobs/result.js';
import type { FoundResult, ListedJob } from './documents.js';
import { jobFilesOf } from './files.js';
import { expectStore, givingUpSoon, isUnavailable, type StoreAccess } from './store-access.js';

const AT_ONCE = 16;

export interface ResultLookup {
  outcome: 'found' | 'not configured' | 'unreachable';
  /** Why the store could not be asked, with its address. */
  failure: Error | undefined;
}

/**
 * Looks up the results of the jobs that have completed, and sets them in the jobs. A store that is not
 * configured is not used; where it does not answer, the jobs stay as they are.
 */
export async function findResults(
  access: StoreAccess,
  jobs: readonly ListedJob[],
): Promise<ResultLookup> {
  if (!hasStoreCredentials(access.config)) return { outcome: 'not configured', failure: undefined };
  const completed = jobs.filter(({ status }) => status === 'completed');
  if (completed.length === 0) return { outcome: 'found', failure: undefined };
  try {
    const findResult = await lookup(access);
    const [first, ...others] = completed;
    // The first request shows whether the store answers at all.
    if (first !== undefined) first.result = await findResult(first);
    await inParallel(AT_ONCE, others, async (job) => {
      job.result = await findResult(job);
    });
    if (completed.some(({ result }) => result === null)) await expectStore(access);
    return { outcome: 'found', failure: undefined };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    for (const job of completed) job.result = undefined;
    return { outcome: 'unreachable', failure: error };
  }
}

async function lookup({ config, openStore, signal }: StoreAccess) {
  const files = jobFilesOf(config, { anyBucket: false });
  const hasty = givingUpSoon(await openStore());
  return async ({ id, job }: ListedJob): Promise<FoundResult | null> => {
    const outcome = { id, returnValue: job?.returnValue ?? null };
    const places = resultPlaces(outcome, config.jobs.resultPaths, files);
    const found = await findArtifact(hasty, places, signal);
    return found === undefined
      ? null
      : { bucket: found.bucket, key: found.key, sizeBytes: found.head.sizeBytes };
  };
}
