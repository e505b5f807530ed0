import { RESULT_BUCKETS_HINT, RESULT_GONE_HINT } from '../config/hints.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import type { ObjectHead, ObjectStore } from '../object-store/port.js';
import { S3ResponseError } from '../object-store/store-errors.js';
import type { JobFiles, ObjectPlace } from './places.js';
import { placeText, refusalText, refusedBuckets, resultPlaces } from './places.js';

/** An object that belongs to a job. */
export interface Artifact extends ObjectPlace {
  head: ObjectHead;
}

/**
 * Resolves to the first of these places that holds an object; `undefined` where none does. Rejects with
 * `access_denied` where none is found and the store refused to say whether one of them exists.
 */
export async function findArtifact(
  store: Pick<ObjectStore, 'headObject'>,
  places: readonly ObjectPlace[],
  signal: AbortSignal,
): Promise<Artifact | undefined> {
  let denial: unknown;
  for (const { bucket, key } of places) {
    try {
      return { bucket, key, head: await store.headObject(bucket, key, { signal }) };
    } catch (error) {
      if (isMangamotionError(error, 'access_denied')) denial ??= error;
      else if (!isAbsence(error)) throw error;
    }
  }
  if (denial !== undefined) throw denial;
  return undefined;
}

/** A key or bucket that the server rejects with status 400 holds nothing either. */
function isAbsence(error: unknown): boolean {
  if (isMangamotionError(error, 'not_found')) return true;
  if (!isMangamotionError(error, 'refused')) return false;
  return error.cause instanceof S3ResponseError && error.cause.statusCode === 400;
}

/** What the queue and the billing records know of the end of a job. */
interface JobOutcome {
  id: string;
  /** One of STATUSES; from a billing record also `skipped` or `unknown`. */
  status: string;
  /** The state in BullMQ; `null` if the job is not in the queue. */
  state: string | null;
  /** The parsed return value of the worker; `null` where it is not known any more. */
  returnValue: unknown;
}

/** Resolves to `undefined` for a job that neither the queue nor a billing record knows. */
export type FindOutcome = (jobId: string) => Promise<JobOutcome | undefined>;

export interface ResultSearch extends JobFiles {
  store: Pick<ObjectStore, 'headObject'>;
  findOutcome: FindOutcome;
  /** Templates of paths, in which `{job}` stands for the id. */
  resultPaths: readonly string[];
  signal: AbortSignal;
}

/** The result of a job that has completed, or may have. */
export interface JobResult extends Artifact {
  jobId: string;
  status: string;
}

/**
 * Resolves to the result of a job. Rejects with `not_found` for an unknown job and for a result that is
 * gone, and with `refused` for a job that is not completed, or whose return value names another bucket. A job without a recorded status counts as
 * completed if its result exists.
 */
export async function findResult(jobId: string, search: ResultSearch): Promise<JobResult> {
  const outcome = await search.findOutcome(jobId);
  if (outcome === undefined) {
    throw new MangamotionError('not_found', `no such job: ${jobId}`, {
      hint: 'mangamotion jobs list shows the jobs; use --queue for a job of another queue',
    });
  }
  const { status, state } = outcome;
  if (status !== 'completed' && status !== 'unknown') throw notCompleted(jobId, status, state);
  const places = resultPlaces(outcome, search.resultPaths, search);
  const artifact = await findArtifact(search.store, places, search.signal);
  if (artifact !== undefined) return { ...artifact, jobId, status };
  const refused = refusedBuckets(outcome.returnValue, search);
  if (refused.length > 0) {
    throw new MangamotionError('refused', `job ${jobId}: ${refusalText(refused)}`, {
      hint: RESULT_BUCKETS_HINT,
    });
  }
  const searched = places.map(placeText).join(', ');
  const found =
    status === 'completed'
      ? `job ${jobId} is completed, but its result is gone`
      : `job ${jobId} has no recorded status, and no result`;
  throw new MangamotionError('not_found', `${found}: not found at ${searched}`, {
    hint: RESULT_GONE_HINT,
  });
}

function notCompleted(jobId: string, status: string, state: string | null): MangamotionError {
  const shown = state === null || state === status ? status : `${status} (${state})`;
  return new MangamotionError('refused', `job ${jobId} is not completed: it is ${shown}`, {
    hint:
      status === 'pending' || status === 'processing'
        ? 'it has no result yet; mangamotion jobs watch shows when it completes'
        : 'it has no result; mangamotion jobs show shows what happened to it',
  });
}
