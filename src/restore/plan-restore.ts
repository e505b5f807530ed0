import { countOf } from '../count-of.js';
import { RunFaults } from '../object-store/run-faults.js';
import { whyListingsAreDoubted } from '../object-store/server-findings.js';
import type { BucketDocumentKind } from '../object-store/bucket-documents.js';
import type { ObjectStore } from '../object-store/port.js';
import type { LocatedBackup } from '../repository/located-backup.js';
import { type OpenBackup, openBackup } from '../repository/open-backup.js';
import { hadObjectLock, hasObjectLock, planDocuments } from './documents/bucket-documents.js';
import { refuseConflicts } from './plan/consent.js';
import { expectedLosses } from './plan/expected-losses.js';
import { Failures, Losses } from './failures.js';
import type { BucketPlan, OnConflict, RestoreAction } from './plan/decide.js';
import { RestorePlanner } from './plan/planner.js';
import type { RestorePlan } from './report.js';
import type { Done, PreparedBucket, RestoreContext, PreparedRestore } from './prepared.js';
import { type RestoreScope, type RestoreSelection, decideScope } from './selection.js';
import { BEFORE_OBJECTS, RESTORED_ORDER, isHarmless, leftOut } from './documents/documents.js';
import { selectShortfalls } from './plan/shortfalls.js';
import type { ShownObjects } from './plan/shown-objects.js';
import type { Share } from '../workers/sharer.js';
import { shareRanges } from './share-ranges.js';

export interface RestoreOptions {
  scope: RestoreScope;
  selection: RestoreSelection;
  onConflict: OnConflict;
  /** Remove objects that only the target has. */
  deleteExtra: boolean;
  /**
   * Whether a person confirms the plan. The restore then overwrites and removes only what the plan
   * showed, whatever has changed since.
   */
  confirms: boolean;
  /** Whether the plan is only shown. Conflicts are then reported instead of refused. */
  dryRun: boolean;
  /** Leaves out locks, and the documents that could bind, keep, expire or announce objects. */
  harmless?: boolean;
  /** Restores only this share of the selected objects, and of the documents those that objects need first. */
  share?: Share | undefined;
  /** The restore goes on after an earlier plan of it was begun. */
  begun?: Begun | undefined;
}

/** What an earlier plan of the same restore showed. */
interface Begun {
  /** What it showed as lost; `undefined` if nobody confirmed it. */
  shown: ShownObjects | undefined;
}

/** A plan, with what `applyRestore` needs. The caller closes it. */
export interface PlannedRestore {
  plan: RestorePlan;
  done: Done;
  /** Yields every object that would be changed, bucket by bucket, in order. */
  changes: () => AsyncGenerator<PlannedChange>;
  close: () => Promise<void>;
  prepared: PreparedRestore;
}

export interface PlannedChange {
  action: RestoreAction | 'delete';
  bucket: string;
  key: string;
  /** The size in the backup, or of the object that would be removed. */
  size: number;
}

/** Plans a restore by comparing a backup with its target. Changes nothing. */
export async function planRestore(
  context: RestoreContext,
  located: LocatedBackup,
  options: RestoreOptions,
): Promise<PlannedRestore> {
  const backup = await openBackup(located);
  try {
    const { store, signal, progress } = context;
    const { onConflict, deleteExtra, confirms, share, begun } = options;
    const selection =
      share === undefined
        ? options.selection
        : { ...options.selection, ranges: shareRanges(backup.directory, options.selection, share) };
    const { documents, objects } = decideScope(options, backup.summary);
    const faults = new RunFaults(
      store,
      backup.directory.buckets.map(({ name }) => selection.renames.get(name) ?? name),
    );
    const planner = new RestorePlanner({
      ...{ store, backup, faults, selection, onConflict, objects, deleteExtra, confirms, signal },
      ...{ shown: begun?.shown, doubts: whyListingsAreDoubted(context.findings) },
      warn: (line) => progress.warn(line),
    });
    progress.start('listing');
    const plans = await planner.plan((seen) => progress.update({ objects: seen }));
    const failures = new Failures();
    for (const failure of planner.failures) failures.add(failure);
    const buckets: PreparedBucket[] = [];
    for (const plan of plans.filter(({ failed }) => failed === undefined)) {
      const preparing = { store, faults, signal, backup, failures };
      const isShared = share !== undefined || begun !== undefined;
      const kinds = documents ? (share === undefined ? RESTORED_ORDER : BEFORE_OBJECTS) : [];
      const prepared = await prepare(preparing, plan, { kinds, isShared });
      buckets.push(options.harmless === true ? withoutHarm(prepared) : prepared);
    }
    const summary = summaryOf(located);
    const shortfalls = selectShortfalls(backup, summary, plans, { selection, documents, objects });
    for (const failure of shortfalls.failures) failures.add(failure);
    if (!options.dryRun && begun === undefined) refuseConflicts(plans);
    const prepared: PreparedRestore = {
      ...{ backup, planner, faults, plans, buckets, objects, selection, failures },
      losses: new Losses(),
      problems: shortfalls.problems,
    };
    const expected = expectedLosses(context.findings, planner);
    // A plan that is only shown names them; otherwise they are told before the first write.
    if (!options.dryRun && begun === undefined) for (const line of expected) progress.warn(line);
    const archives = options.dryRun ? await describeArchives(located, planner.needed) : [];
    return {
      plan: describePlan(prepared, archives, { onConflict, expected, share }),
      done: { objects: 0, bytes: 0, deleted: 0 },
      changes: () => changesOf(prepared, deleteExtra),
      close: async () => {
        await planner.shown?.close();
        await backup.archives.close();
      },
      prepared,
    };
  } catch (error) {
    await backup.archives.close();
    throw error;
  }
}

interface Preparing {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
  backup: OpenBackup;
  failures: Failures;
}

async function prepare(
  context: Preparing,
  plan: BucketPlan,
  { kinds, isShared }: { kinds: readonly BucketDocumentKind[]; isShared: boolean },
): Promise<PreparedBucket> {
  const { backup, failures } = context;
  const bucket = { name: plan.bucket, target: plan.target };
  const exists = !plan.create_bucket;
  const { documents, failures: damaged } = await planDocuments(context, bucket, { exists, kinds });
  for (const failure of damaged) failures.add(failure);
  const objectLock = exists
    ? await hasObjectLock(context, plan.target)
    : hadObjectLock(backup, plan.bucket);
  return { plan, documents, objectLock, isNew: plan.create_bucket && !isShared };
}

function withoutHarm(bucket: PreparedBucket): PreparedBucket {
  const documents = bucket.documents.map(({ planned, content }) => ({
    planned: isHarmless(planned.kind) ? planned : leftOut(planned),
    content,
  }));
  return { ...bucket, documents, objectLock: false };
}

async function* changesOf(
  { planner, buckets, objects }: PreparedRestore,
  deleteExtra: boolean,
): AsyncGenerator<PlannedChange> {
  if (!objects) return;
  for (const { plan } of buckets) {
    const bucket = { name: plan.bucket, target: plan.target };
    for await (const page of planner.objectsOf(bucket, !plan.create_bucket)) {
      for (const { line, action } of page) {
        if (action === 'unchanged') continue;
        yield { action, bucket: plan.target, key: line.key, size: line.size };
      }
    }
    if (!deleteExtra || plan.create_bucket) continue;
    for await (const page of planner.extrasOf(bucket)) {
      for (const { key, sizeBytes: size } of page) {
        yield { action: 'delete', bucket: plan.target, key, size };
      }
    }
  }
}

function summaryOf({ backup: { summary } }: LocatedBackup) {
  return summary.kind === 'valid' ? summary.summary : undefined;
}

/** Resolves to the archives that the plan needs, and whether they exist. */
async function describeArchives(
  { destination, backup }: LocatedBackup,
  needed: ReadonlySet<string>,
): Promise<RestorePlan['archives']> {
  const others = needed.size > 1 || !needed.has(backup.id) ? await destination.list() : [];
  const parts = others.find(({ id }) => id === backup.id)?.partBytes;
  const bytesOf = (id: string): number | null =>
    parts?.get(id) ?? [backup, ...others].find((listed) => listed.id === id)?.archiveBytes ?? null;
  return [...needed]
    .sort()
    .map((id) => ({ id, present: bytesOf(id) !== null, bytes: bytesOf(id) }));
}

function describePlan(
  { backup, planner, plans, buckets, problems: expected, failures }: PreparedRestore,
  archives: RestorePlan['archives'],
  {
    onConflict,
    expected: losses,
    share,
  }: { onConflict: OnConflict; expected: readonly string[]; share: Share | undefined },
): RestorePlan {
  const documents = buckets.flatMap((bucket) => bucket.documents.map(({ planned }) => planned));
  const conflicts = plans
    .filter((bucket) => bucket.conflict > 0)
    .map(
      ({ target, conflict }) =>
        `${countOf(conflict, 'object')} of ${target} ${conflict === 1 ? 'differs' : 'differ'} from the backup: with --on-conflict ${onConflict} nothing would be restored`,
    );
  const missing = archives
    .filter(({ present }) => !present)
    .map(({ id }) => `the archive of ${id} is missing: its objects cannot be restored`);
  const doubtful = documents
    .filter(({ action, reason }) => action === 'write' && reason !== undefined)
    .map(({ target, kind, reason }) => `the ${kind} of ${target} may be refused: ${reason ?? ''}`);
  const failing = failures.named.map(({ bucket, key, document, reason }) => {
    if (document !== undefined) return `the ${document} of ${bucket} cannot be restored: ${reason}`;
    return key === '' ? `${bucket}: ${reason}` : `${bucket}/${key} cannot be restored: ${reason}`;
  });
  const { classes } = planner;
  return {
    backup: backup.id,
    dry_run: true,
    ...(share === undefined ? {} : { share: share.index, shares: share.of }),
    buckets: plans,
    documents,
    archives,
    destroys: planner.destroyed.all,
    probes: classes.classes.map((name) => ({ class: name, keys: classes.keysOf(name) })),
    problems: [
      ...missing,
      ...conflicts,
      ...doubtful,
      ...planner.refusable.problems(),
      ...losses,
      ...expected,
      ...failing,
    ],
    failures: [...failures.named],
  };
}
