import type { Pricing } from '../../billing/pricing.js';
import { MangamotionError } from '../../errors.js';
import { findJob } from '../../jobs/list.js';
import type { JobRow } from '../../jobs/row.js';
import type { RedisReader } from '../../redis/reader.js';
import { openJobAccess, type ChosenQueues, type JobAccess } from '../../reports/jobs/access.js';
import { explained, remarksOn, showJob, shownJson } from '../../reports/jobs/show.js';
import type { StoreAccess } from '../../reports/jobs/store-access.js';
import { withStoreDeadline } from '../deadline.js';
import { notFound } from '../failure.js';
import { maySee, type Visitor } from '../visitor.js';

/** How long an answer about jobs waits for the object store. */
export const STORE_WAIT_MS = 15_000;

/** What answers about jobs are read from. */
interface JobServices extends Pick<StoreAccess, 'config' | 'openStore'> {
  redis: RedisReader;
  pricing: Pricing;
  queues: ChosenQueues;
  now: () => Date;
}

/** Opens a queue, the served one by default, for one request. */
export function openQueue(
  { redis, pricing, queues }: JobServices,
  signal: AbortSignal,
  queue = queues.queue,
): JobAccess {
  return openJobAccess({ redis, pricing, signal, queue, billingQueue: queues.billingQueue });
}

/** Returns the store of the jobs' files for one request. */
export function storeFor(
  { config, openStore }: Pick<JobServices, 'config' | 'openStore'>,
  signal: AbortSignal,
): StoreAccess {
  return { config, openStore, signal };
}

/** Resolves to the row of a job. Rejects with 404 also for the job of another user: ids cannot be probed. */
export async function visibleRow(access: JobAccess, id: string, visitor: Visitor): Promise<JobRow> {
  const row = await findJob(access.sources, id);
  const [damage] = access.problems;
  // Nobody knows whose a record was that cannot be read, so users are told what they are of any other job.
  if (row === undefined && damage !== undefined && visitor.kind === 'admin')
    throw new MangamotionError('damaged', `${damage.key} ${damage.problem}`);
  if (row === undefined || !maySee(visitor, row.userId)) throw notFound('Job not found');
  return row;
}

interface JobRequest {
  id: string;
  visitor: Visitor;
  signal: AbortSignal;
}

/** Resolves to the document of `jobs show`, with the old names. Rejects as `visibleRow`. */
export async function shownJob(
  services: JobServices,
  { id, visitor, signal }: JobRequest,
): Promise<object> {
  const access = openQueue(services, signal);
  const row = await visibleRow(access, id, visitor);
  const shown = await withStoreDeadline(signal, STORE_WAIT_MS, (limited) =>
    showJob(access, storeFor(services, limited), row, { look: true, anyBucket: false }),
  );
  const { problems, notes } = remarksOn(shown, () => 'the object store is unavailable');
  return {
    ...shownJson(shown, services.now()),
    problems: [...(shown.details?.problems ?? []), ...problems],
    notes,
    explain: explained(access, shown),
    failedReason: shown.failedReason,
    returnvalue: shown.job?.returnValue ?? null,
  };
}
