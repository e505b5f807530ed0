import { hasStoreCredentials } from '../../../config/load.js';
import { isMangamotionError } from '../../../errors.js';
import { inParallel } from '../../../in-parallel.js';
import type { ObjectStore } from '../../../object-store/port.js';
import type { CommandContext } from '../../argv/command.js';
import type { ListedJob } from './list-columns.js';

/** An answer must not wait for a store that is away: the jobs are known without it. */
export const ATTEMPTS = 2;
const AT_ONCE = 16;

/** The outcome of the lookup of results. */
export type LookupOutcome = 'found' | 'not configured' | 'unreachable';

/**
 * Looks up the results of the jobs that have completed, and sets them in the jobs. A store that is not
 * configured is not used; for one that does not answer there is a warning, and the jobs stay as they
 * are.
 */
export async function findResults(
  context: CommandContext,
  jobs: readonly ListedJob[],
): Promise<LookupOutcome> {
  if (!hasStoreCredentials(await context.config())) return 'not configured';
  const completed = jobs.filter(({ status }) => status === 'completed');
  if (completed.length === 0) return 'found';
  try {
    const findResult = await lookup(context);
    const [first, ...others] = completed;
    // The first request shows whether the store answers at all.
    if (first !== undefined) first.result = await findResult(first);
    await inParallel(AT_ONCE, others, async (job) => {
      job.result = await findResult(job);
    });
    return 'found';
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    context.warn(`results were not looked up: ${error.message}`);
    return 'unreachable';
  }
}

type ResultLookup = (job: ListedJob) => Promise<NonNullable<ListedJob['result']> | null>;

async function lookup(context: CommandContext): Promise<ResultLookup> {
  const [{ resultPlaces }, { findArtifact }, { jobFilesOf }, config, store] = await Promise.all([
    import('../../../jobs/places.js'),
    import('../../../jobs/result.js'),
    import('./job-files.js'),
    context.config(),
    context.openStore(),
  ]);
  const files = jobFilesOf(config, { anyBucket: false });
  const hasty = givingUpSoon(store);
  return async ({ id, job }) => {
    const outcome = { id, returnValue: job?.returnValue ?? null };
    const places = resultPlaces(outcome, config.jobs.resultPaths, files);
    const found = await findArtifact(hasty, places, context.signal);
    return found === undefined
      ? null
      : { bucket: found.bucket, key: found.key, sizeBytes: found.head.sizeBytes };
  };
}

/** The same store, which is not waited for. */
export function givingUpSoon(
  store: Pick<ObjectStore, 'headObject'>,
): Pick<ObjectStore, 'headObject'> {
  return {
    headObject: (bucket, key, options) =>
      store.headObject(bucket, key, { ...options, attempts: ATTEMPTS }),
  };
}

export function isUnavailable(error: unknown): error is Error {
  return isMangamotionError(error, 'unreachable') || isMangamotionError(error, 'access_denied');
}
