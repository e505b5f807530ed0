import { RESULT_GONE_HINT } from '../config/hints.js';
import { MangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import { type Artifact, findArtifact } from './artifacts.js';
import { placeText, resultPlaces } from './candidates.js';
import { type JobFiles } from './return-value.js';

/** What the queue and the billing records know of how a job has come out. */
interface JobOutcome {
  id: string;
  /** pending, processing, completed, failed; `skipped` or `unknown` of a billing record. */
  status: string;
  /** BullMQ's own, while the job is in the queue. */
  state: string | null;
  /** What the worker returned, as its JSON; `null` where that is not known any more. */
  returnValue: unknown;
}

/** Resolves to `undefined` for a job that neither the queue nor a billing record knows. */
export type FindOutcome = (jobId: string) => Promise<JobOutcome | undefined>;

export interface ResultSearch extends JobFiles {
  store: Pick<ObjectStore, 'headObject'>;
  findOutcome: FindOutcome;
  /** Templates of paths, `{job}` standing for the id. */
  resultPaths: readonly string[];
  signal: AbortSignal;
}

/** The result of a job that has completed, or may have. */
export interface JobResult extends Artifact {
  jobId: string;
  status: string;
}

/**
 * Rejects with `not_found` for an unknown job and for a result that is gone, and with `refused` for
 * a job that is not completed. Of a job whose status nobody recorded the files decide.
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
