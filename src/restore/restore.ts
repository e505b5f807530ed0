import type { IndexLine } from '../archive/index-line.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import { inOrder } from '../object-store/ordered-listings.js';
import { isBucketStillThere } from '../object-store/retry.js';
import { prefetchInOrder } from '../prefetch.js';
import type { WorkProgress } from '../progress.js';
import type { LocatedBackup } from '../repository/locate.js';
import type { Archives } from '../repository/archives.js';
import { type OpenBackup, openBackup } from '../repository/open-backup.js';
import { type BucketPlan, type OnConflict, type PlannedObject, transfers } from './plan.js';
import { RestorePlanner } from './planner.js';
import type { RestoreSelection } from './selection.js';
import { uploadObject } from './upload.js';

/** Uploads under way at once, and the bytes that they may hold in memory together. */
const UPLOAD_LIMITS = { mostRequests: 24, mostBytes: 64 * 1024 * 1024 };
/** A large object is read a member at a time, and never whole. */
const MOST_HELD_BYTES = 12 * 1024 * 1024;
const FIXED_WEIGHT_BYTES = 16 * 1024;

export interface RestoreContext {
  store: ObjectStore;
  signal: AbortSignal;
  progress: WorkProgress;
}

export interface RestoreOptions {
  selection: RestoreSelection;
  onConflict: OnConflict;
  dryRun: boolean;
}

/** The answer of `restore --dry-run`. */
export interface RestorePlan {
  backup: string;
  dry_run: true;
  buckets: BucketPlan[];
  archives: { id: string; present: boolean; bytes: number | null }[];
  problems: string[];
}

/** The answer of `restore`. */
export interface RestoreReport {
  backup: string;
  buckets: BucketPlan[];
  restored: { objects: number; bytes: number };
  failures: { bucket: string; key: string; reason: string }[];
}

/**
 * Makes a plan, and carries it out unless it is a dry run, which changes nothing. An object that
 * cannot be restored is named in the report and does not end the run; a store that is gone does.
 */
export async function restore(
  context: RestoreContext,
  located: LocatedBackup,
  options: RestoreOptions,
): Promise<RestorePlan | RestoreReport> {
  const backup = await openBackup(located);
  try {
    const { store, signal } = context;
    const { selection, onConflict } = options;
    const planner = new RestorePlanner({ store, backup, selection, onConflict, signal });
    context.progress.start('planning');
    const planAll = () => planner.plan((objects) => context.progress.update({ objects }));
    const plans = await inOrder(planAll, (why) => {
      context.progress.warn(`${why.message}: its listings are sorted first`);
    });
    if (options.dryRun) {
      const archives = await describeArchives(located, planner.needed);
      return describePlan(backup.id, archives, plans, onConflict);
    }
    refuseConflicts(plans);
    return await carryOut(context, backup, planner, plans);
  } finally {
    await backup.archives.close();
  }
}

/** The archives that what is selected lies in, and whether they are there. */
async function describeArchives(
  { destination, backup }: LocatedBackup,
  needed: ReadonlySet<string>,
): Promise<RestorePlan['archives']> {
  const others = needed.size > 1 || !needed.has(backup.id) ? await destination.list() : [];
  const bytesOf = (id: string): number | null =>
    [backup, ...others].find((listed) => listed.id === id)?.archiveBytes ?? null;
  return [...needed]
    .sort()
    .map((id) => ({ id, present: bytesOf(id) !== null, bytes: bytesOf(id) }));
}

function describePlan(
  backup: string,
  archives: RestorePlan['archives'],
  buckets: BucketPlan[],
  onConflict: OnConflict,
): RestorePlan {
  const conflicts = buckets
    .filter((bucket) => bucket.conflict > 0)
    .map(
      ({ target, conflict }) =>
        `${conflict} objects of ${target} differ from the backup: with --on-conflict ${onConflict} nothing would be restored`,
    );
  const missing = archives
    .filter(({ present }) => !present)
    .map(({ id }) => `the archive of ${id} is missing: what lies in it cannot be restored`);
  return { backup, dry_run: true, buckets, archives, problems: [...missing, ...conflicts] };
}

function refuseConflicts(plans: readonly BucketPlan[]): void {
  const conflicts = plans.reduce((sum, plan) => sum + plan.conflict, 0);
  if (conflicts === 0) return;
  throw new MangamotionError(
    'refused',
    `${conflicts} objects in the target differ from the backup, and --on-conflict is fail: nothing was changed`,
    {
      hint: 'Look at the plan with --dry-run; choose --on-conflict overwrite or skip, or another bucket with --as.',
    },
  );
}

async function carryOut(
  { store, signal, progress }: RestoreContext,
  backup: OpenBackup,
  planner: RestorePlanner,
  plans: BucketPlan[],
): Promise<RestoreReport> {
  const report: RestoreReport = {
    backup: backup.id,
    buckets: plans,
    restored: { objects: 0, bytes: 0 },
    failures: [],
  };
  progress.start('restoring');
  progress.update({
    objectsTotal: plans.reduce((sum, plan) => sum + plan.create + plan.overwrite, 0),
    bytesTotal: plans.reduce((sum, plan) => sum + plan.bytes, 0),
  });
  // All before the first object: what the target refuses is known while nothing is changed yet.
  for (const plan of plans) {
    if (plan.create_bucket) await store.createBucket(plan.target, { signal });
  }
  // When one upload ends the run, those under way are given up.
  const givenUp = new AbortController();
  const uploading = {
    store,
    archives: backup.archives,
    signal: AbortSignal.any([signal, givenUp.signal]),
  };
  try {
    for (const plan of plans) {
      const bucket = { name: plan.bucket, target: plan.target };
      const objects = planner.objectsOf(bucket, !plan.create_bucket);
      for await (const { line, failure } of uploadAll(uploading, plan.target, objects)) {
        if (failure === undefined) {
          report.restored.objects += 1;
          report.restored.bytes += line.size;
        } else {
          report.failures.push({ bucket: plan.target, key: line.key, reason: failure });
        }
        progress.update(report.restored);
      }
    }
  } finally {
    givenUp.abort();
  }
  return report;
}

interface Uploading {
  store: ObjectStore;
  archives: Archives;
  signal: AbortSignal;
}

/** Uploads what the plan transfers, many at a time, and tells what became of each, in order. */
async function* uploadAll(
  { store, archives, signal }: Uploading,
  target: string,
  objects: AsyncIterable<readonly PlannedObject[]>,
): AsyncGenerator<{ line: IndexLine; failure: string | undefined }> {
  const uploads = prefetchInOrder(
    toTransfer(objects),
    UPLOAD_LIMITS,
    ({ line }) => FIXED_WEIGHT_BYTES + Math.min(line.size, MOST_HELD_BYTES),
    async ({ line }): Promise<string | undefined> => {
      try {
        await uploadObject(store, archives, target, line, signal);
        return undefined;
      } catch (error) {
        return await explainFailure(store, target, error, signal);
      }
    },
  );
  for await (const { item, result } of uploads) yield { line: item.line, failure: result };
}

async function* toTransfer(
  pages: AsyncIterable<readonly PlannedObject[]>,
): AsyncGenerator<PlannedObject[]> {
  for await (const page of pages) yield page.filter(({ action }) => transfers(action));
}

/**
 * Tells an object that cannot be restored from a target that cannot be used: the one is reported,
 * the other ends the run. Rejects with what the target says when it is asked again.
 */
async function explainFailure(
  store: ObjectStore,
  bucket: string,
  error: unknown,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  if (!isMangamotionError(error) || error.code === 'internal' || error.code === 'disk') throw error;
  if (error.code !== 'damaged' && !(await isBucketStillThere(store, bucket, error, signal)))
    throw error;
  return error.message;
}
