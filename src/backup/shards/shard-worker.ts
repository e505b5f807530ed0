import { MangamotionError } from '../../errors.js';
import { isSameServer } from '../../repository/lines/endpoints.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { readPlan, sealOf } from '../../repository/runs/runs.js';
import type { KeyRange } from '../../repository/summary.js';
import { captureShard } from './capture-shard.js';
import type { WorkDone, WorkHooks, WorkerJob } from '../../workers/work.js';
import type { ShardContext } from './shard-context.js';
import { checkKeys } from './check-keys.js';
import { isGone } from './part-list.js';

/** Some minutes of work: a run ends when its largest shard does. */
const SPLIT_LIMITS = { objects: 100_000, bytes: 64 * 1024 ** 3, ms: 600_000 };

type CaptureJob = Extract<WorkerJob, { kind: 'capture' }>;

export interface CapturedShard extends WorkDone {
  /** The id of the part. */
  part: string;
}

export interface WorkerContext extends Omit<ShardContext, 'progress' | 'signal'> {
  /** The operator's name for the store, if it has one. */
  sourceName?: string | undefined;
}

/**
 * Captures a range into a part at the destination. Rejects with `refused` if the job is of another
 * version, destination or store, or this host lacks the keys that the plan asks for.
 */
export async function workOnShard(
  context: WorkerContext,
  job: CaptureJob,
  { signal, onProgress, warn }: WorkHooks,
  limits = SPLIT_LIMITS,
): Promise<CapturedShard> {
  const plan = await planOfJob(context, job);
  const counts = { objects: 0, bytes: 0 };
  const progress = {
    start: () => undefined,
    phase: () => undefined,
    update: ({ objects = counts.objects, bytes = counts.bytes }) => {
      Object.assign(counts, { objects, bytes });
      onProgress(counts);
    },
    warn,
  };
  const range = await rangeOf(context, plan, job);
  const shard = { number: job.number, range, isGone: isGone(plan, range), limits };
  const { id, objects, copied_bytes } = await captureShard(
    { ...context, signal, progress },
    plan,
    shard,
  );
  return { part: id, objects: objects.total, bytes: copied_bytes ?? 0 };
}

async function rangeOf(
  { destination }: Pick<WorkerContext, 'destination'>,
  plan: RunPlan,
  job: CaptureJob,
): Promise<KeyRange> {
  const seal = await sealOf(destination.vault, plan);
  try {
    return seal.open(job.range);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refused(
      `the range of the job cannot be opened: ${error.message}`,
      'Only the head of the run may put jobs into its queue: another program has written this one.',
    );
  }
}

async function planOfJob(
  { destination, store, tool, sourceName }: WorkerContext,
  job: CaptureJob,
): Promise<RunPlan> {
  if (job.tool !== tool) {
    throw refused(
      `the run was planned by ${job.tool}, and this worker is ${tool}`,
      'Run one version on all machines.',
    );
  }
  const plan = await readPlan(destination, job.run);
  if (plan?.token !== job.token) {
    throw refused(
      `${destination.location} has no plan of the run ${job.run}`,
      'A worker has to be given the destination of the run; perhaps the run has ended.',
    );
  }
  const { name, endpoint } = plan.source;
  const isNamed = name !== undefined && name === sourceName;
  if (!isNamed && !isSameServer(endpoint, store.endpoint)) {
    throw refused(
      `the run backs up ${endpoint}, and this worker reads ${store.endpoint}`,
      'Give the worker the address of the same store, or the same name for it.',
    );
  }
  await checkKeys(destination.vault, plan);
  return plan;
}

function refused(message: string, hint: string): MangamotionError {
  return new MangamotionError('refused', message, { hint });
}
