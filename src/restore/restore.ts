import { MangamotionError } from '../errors.js';
import { inOrder } from '../object-store/ordered-listings.js';
import type { LocatedBackup } from '../repository/locate.js';
import { type OpenBackup, openBackup } from '../repository/open-backup.js';
import { type PreparedBucket, type RestoreContext, applyPlan } from './apply.js';
import { hadObjectLock, hasObjectLock, planDocuments } from './bucket-documents.js';
import type { BucketPlan, OnConflict } from './plan.js';
import { RestorePlanner } from './planner.js';
import type { RestorePlan, RestoreReport } from './report.js';
import { type RestoreScope, decideScope } from './scope.js';
import type { RestoreSelection } from './selection.js';
import { type Shortfalls, selectShortfalls } from './shortfalls.js';

export interface RestoreOptions {
  scope: RestoreScope;
  selection: RestoreSelection;
  onConflict: OnConflict;
  /** Remove the objects of the target that the backup does not have. */
  deleteExtra: boolean;
  dryRun: boolean;
}

/**
 * Makes a plan, and carries it out unless it is a dry run, which changes nothing. What cannot be
 * restored is named in the report and does not end the run; a store that is gone does.
 */
export async function restore(
  context: RestoreContext,
  located: LocatedBackup,
  options: RestoreOptions,
): Promise<RestorePlan | RestoreReport> {
  const backup = await openBackup(located);
  try {
    const { store, signal } = context;
    const { selection, onConflict, deleteExtra } = options;
    const { documents, objects } = decideScope(options, backup.summary);
    const chosen = { selection, onConflict, objects, deleteExtra };
    const planner = new RestorePlanner({ store, backup, ...chosen, signal });
    context.progress.start('planning');
    const planAll = () => planner.plan((seen) => context.progress.update({ objects: seen }));
    const plans = await inOrder(planAll, (why) => {
      context.progress.warn(`${why.message}: its listings are sorted first`);
    });
    const buckets: PreparedBucket[] = [];
    for (const plan of plans) buckets.push(await prepare(context, backup, plan, documents));
    const shortfalls = selectShortfalls(backup, plans, { selection, documents, objects });
    if (options.dryRun) {
      const archives = await describeArchives(located, planner.needed);
      const expected = [...planner.refusable.problems(), ...describeShortfalls(shortfalls)];
      return describePlan(backup.id, archives, buckets, onConflict, expected);
    }
    refuseConflicts(plans);
    return await applyPlan(context, { backup, planner, buckets, objects, shortfalls });
  } finally {
    await backup.archives.close();
  }
}

async function prepare(
  { store, signal }: RestoreContext,
  backup: OpenBackup,
  plan: BucketPlan,
  withDocuments: boolean,
): Promise<PreparedBucket> {
  const bucket = { name: plan.bucket, target: plan.target };
  const exists = !plan.create_bucket;
  return {
    plan,
    documents: withDocuments ? await planDocuments({ store, backup, signal }, bucket, exists) : [],
    objectLock: exists
      ? await hasObjectLock(store, plan.target, signal)
      : hadObjectLock(backup, plan.bucket),
  };
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
  prepared: readonly PreparedBucket[],
  onConflict: OnConflict,
  expected: readonly string[],
): RestorePlan {
  const buckets = prepared.map(({ plan }) => plan);
  const documents = prepared.flatMap((bucket) => bucket.documents.map(({ planned }) => planned));
  const conflicts = buckets
    .filter((bucket) => bucket.conflict > 0)
    .map(
      ({ target, conflict }) =>
        `${conflict} objects of ${target} differ from the backup: with --on-conflict ${onConflict} nothing would be restored`,
    );
  const missing = archives
    .filter(({ present }) => !present)
    .map(({ id }) => `the archive of ${id} is missing: what lies in it cannot be restored`);
  const doubtful = documents
    .filter(({ action, reason }) => action === 'write' && reason !== undefined)
    .map(({ target, kind, reason }) => `the ${kind} of ${target} may be refused: ${reason ?? ''}`);
  const problems = [...missing, ...conflicts, ...doubtful, ...expected];
  return { backup, dry_run: true, buckets, documents, archives, problems };
}

function describeShortfalls({ problems, failures }: Shortfalls): string[] {
  return [
    ...problems,
    ...failures.map(({ bucket, key, reason }) => `${bucket}/${key} cannot be restored: ${reason}`),
  ];
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
