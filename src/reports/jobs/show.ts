import { jobAnswer } from '../../billing/answers.js';
import { explainCost } from '../../billing/explain.js';
import type { JobDetails } from '../../billing/job-records.js';
import { readJobDetails } from '../../billing/job-records.js';
import { hasWorker } from '../../jobs/queue/workers.js';
import type { JobRow } from '../../jobs/row.js';
import { durationsOf } from '../../jobs/row.js';
import type { JobAccess } from './access.js';
import { artifactJson, findArtifacts, type JobArtifacts } from './artifacts.js';
import { jobJson, type ListedJob } from './documents.js';
import type { StoreAccess } from './store-access.js';

/** All that is known of a job. */
export interface ShownJob extends ListedJob {
  details: JobDetails | undefined;
  artifacts: JobArtifacts;
  /** Whether a worker is connected that could take it; `undefined` where that is not known. */
  worker: boolean | undefined;
}

/** Resolves to the job of the row with its billing record, its worker and its files. */
export async function showJob(
  access: JobAccess,
  store: StoreAccess,
  row: JobRow,
  files: { look: boolean; anyBucket: boolean },
): Promise<ShownJob> {
  const details = row.record && (await readJobDetails(access.redis, row.id, access.pricing));
  const artifacts = await findArtifacts(store, row, files);
  const worker = await workerFor(access, row);
  return { ...row, ...access.priceOf(row), result: undefined, details, artifacts, worker };
}

async function workerFor(
  { redis, queue }: JobAccess,
  { state }: JobRow,
): Promise<boolean | undefined> {
  if (state !== 'waiting' && state !== 'prioritized') return undefined;
  return await hasWorker(redis, queue);
}

/** How the cost of the job is calculated, in lines for people. */
export function explained({ pricing }: JobAccess, { details }: ShownJob): string[] {
  return details === undefined ? ['no usage is recorded'] : explainCost(pricing, details.usage);
}

/** Problems and notes for people; `storeText` says why the store could not be asked. */
export function remarksOn(
  { job, artifacts }: ShownJob,
  storeText: (failure: Error) => string,
): { problems: string[]; notes: string[] } {
  const { failure } = artifacts;
  return {
    problems: [
      ...(job?.problems ?? []),
      ...(failure === undefined ? [] : [`its files were not looked up: ${storeText(failure)}`]),
    ],
    notes: [...(job?.notes ?? []), ...artifacts.notes],
  };
}

/** The job in JSON, without problems and notes. */
export function shownJson(shown: ShownJob, now: Date) {
  const { job, details, artifacts } = shown;
  const { waited, ran } = durationsOf(shown, now);
  return {
    ...jobJson(shown),
    name: job?.name ?? null,
    data: job?.data ?? null,
    files: job?.files ?? null,
    options: job?.options ?? null,
    attempts_made: job?.attemptsMade ?? null,
    waited_seconds: waited,
    ran_seconds: ran,
    progress_detail: job?.progressDetail ?? null,
    stacktrace: job?.stacktrace ?? [],
    return_value: job?.returnValue ?? null,
    worker_connected: shown.worker ?? null,
    billing: details === undefined ? null : jobAnswer(details),
    artifacts: artifacts.looked ? artifacts.found.map(artifactJson) : null,
  };
}
