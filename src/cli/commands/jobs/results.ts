import { hasStoreCredentials } from '../../../config/load.js';
import { isMangamotionError } from '../../../errors.js';
import { inParallel } from '../../../in-parallel.js';
import type { ObjectStore } from '../../../object-store/port.js';
import type { CommandContext } from '../../argv/command.js';
import type { ListedJob } from './list-columns.js';

/** An answer must not wait for a store that is away: the jobs are known without it. */
export const ATTEMPTS = 2;
const AT_ONCE = 16;

/** What came of looking for results. */
export type Looked = 'found' | 'not configured' | 'unreachable';

/**
 * Looks up the results of the jobs that have completed, and notes in each what was found. A store
 * that is not configured is not asked; one that does not answer is told of, and the jobs stay as
 * they are.
 */
export async function findResults(
  context: CommandContext,
  jobs: readonly ListedJob[],
): Promise<Looked> {
  if (!hasStoreCredentials(await context.config())) return 'not configured';
  const completed = jobs.filter(({ status }) => status === 'completed');
  if (completed.length === 0) return 'found';
  try {
    const look = await lookup(context);
    const [first, ...others] = completed;
    // One request tells whether there is a store at all.
    if (first !== undefined) first.result = await look(first);
    await inParallel(AT_ONCE, others, async (job) => {
      job.result = await look(job);
    });
    return 'found';
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    context.warn(`results were not looked up: ${error.message}`);
    return 'unreachable';
  }
}

type Look = (job: ListedJob) => Promise<NonNullable<ListedJob['result']> | null>;

async function lookup(context: CommandContext): Promise<Look> {
  const [{ resultPlaces }, { findArtifact }, { jobFilesOf }, config, store] = await Promise.all([
    import('../../../jobs/candidates.js'),
    import('../../../jobs/artifacts.js'),
    import('./job-files.js'),
    context.config(),
    context.openStore(),
  ]);
  const files = jobFilesOf(config);
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
