import { isMangamotionError } from '../errors.js';
import type { BucketDocumentKind } from '../object-store/bucket-documents.js';
import type { ObjectStore } from '../object-store/port.js';
import type { WorkProgress } from '../progress.js';
import type { OpenBackup } from '../repository/open-backup.js';
import { type DocumentToRestore, restoreDocument } from './bucket-documents.js';
import { deleteExtras } from './delete-extras.js';
import { AFTER_OBJECTS, BEFORE_OBJECTS, LAST } from './documents.js';
import { explainFailure } from './failure.js';
import type { BucketPlan } from './plan.js';
import type { RestorePlanner } from './planner.js';
import { type RestoreReport, countLeftOut } from './report.js';
import type { Shortfalls } from './shortfalls.js';
import { type Uploading, uploadAll } from './upload-all.js';

export interface RestoreContext {
  store: ObjectStore;
  now: () => Date;
  signal: AbortSignal;
  progress: WorkProgress;
}

/** A bucket with all that is to be done to it. */
export interface PreparedBucket {
  plan: BucketPlan;
  documents: DocumentToRestore[];
  /** Its objects can be locked, or will be able to when it is created. */
  objectLock: boolean;
}

export interface PreparedRestore {
  backup: OpenBackup;
  planner: RestorePlanner;
  buckets: PreparedBucket[];
  /** Objects are restored, not the documents of buckets alone. */
  objects: boolean;
  /** What cannot be restored, whatever the target. */
  shortfalls: Shortfalls;
}

/**
 * Carries the plan out. What cannot be restored is named in the report and does not end the run; a
 * store that is gone does.
 */
export async function applyPlan(
  context: RestoreContext,
  prepared: PreparedRestore,
): Promise<RestoreReport> {
  const plans = prepared.buckets.map(({ plan }) => plan);
  const report: RestoreReport = {
    backup: prepared.backup.id,
    buckets: plans,
    restored: { objects: 0, bytes: 0 },
    documents: [],
    deleted: 0,
    left_out: [],
    problems: [...prepared.shortfalls.problems],
    failures: [...prepared.shortfalls.failures],
  };
  context.progress.start('restoring');
  context.progress.update({
    objectsTotal: plans.reduce((sum, plan) => sum + plan.create + plan.overwrite, 0),
    bytesTotal: plans.reduce((sum, plan) => sum + plan.bytes, 0),
  });
  await createBuckets(context, prepared.buckets);
  await restoreDocuments(context, prepared, BEFORE_OBJECTS, report);
  if (prepared.objects) await restoreObjects(context, prepared, report);
  await restoreDocuments(context, prepared, AFTER_OBJECTS, report);
  await restoreDocuments(context, prepared, LAST, report);
  return report;
}

/** All before the first object: what the target refuses is known while nothing is changed yet. */
async function createBuckets(
  { store, signal }: RestoreContext,
  buckets: readonly PreparedBucket[],
): Promise<void> {
  for (const { plan, objectLock } of buckets) {
    if (plan.create_bucket) await store.createBucket(plan.target, { objectLock, signal });
  }
}

async function restoreDocuments(
  { store, signal }: RestoreContext,
  { buckets }: PreparedRestore,
  kinds: readonly BucketDocumentKind[],
  report: RestoreReport,
): Promise<void> {
  const documents = buckets.flatMap((bucket) => bucket.documents);
  for (const kind of kinds) {
    for (const document of documents.filter(({ planned }) => planned.kind === kind)) {
      signal.throwIfAborted();
      const { action, ...planned } = document.planned;
      const { target: bucket } = planned;
      try {
        const result =
          action === 'write'
            ? await restoreDocument(store, document, signal)
            : action === 'skip'
              ? 'skipped'
              : 'unchanged';
        report.documents.push({ ...planned, result });
      } catch (error) {
        const reason = await explainFailure(store, bucket, error, signal);
        report.documents.push({ ...planned, result: 'failed', reason });
        report.failures.push({ bucket, key: '', document: kind, reason });
      }
    }
  }
}

async function restoreObjects(
  context: RestoreContext,
  { backup, planner, buckets }: PreparedRestore,
  report: RestoreReport,
): Promise<void> {
  // When one upload ends the run, those under way are given up.
  const givenUp = new AbortController();
  const { store, now } = context;
  const signal = AbortSignal.any([context.signal, givenUp.signal]);
  const uploading: Uploading = { store, archives: backup.archives, now, signal };
  try {
    for (const bucket of buckets) {
      const failed = report.failures.length;
      await uploadBucket(context, uploading, planner, bucket, report);
      if (bucket.plan.delete === 0) continue;
      if (report.failures.length === failed) {
        await removeExtras(context, planner, bucket.plan, report);
      } else {
        const { target } = bucket.plan;
        context.progress.warn(`${target}: nothing was removed, as not all of it was restored`);
      }
    }
  } finally {
    givenUp.abort();
  }
}

async function uploadBucket(
  { progress }: RestoreContext,
  uploading: Uploading,
  planner: RestorePlanner,
  { plan, objectLock }: PreparedBucket,
  report: RestoreReport,
): Promise<void> {
  const objects = planner.objectsOf(
    { name: plan.bucket, target: plan.target },
    !plan.create_bucket,
  );
  const target = { bucket: plan.target, objectLock };
  for await (const { line, failure, leftOut } of uploadAll(uploading, target, objects)) {
    if (failure === undefined) {
      report.restored.objects += 1;
      report.restored.bytes += line.size;
    } else {
      report.failures.push({ bucket: plan.target, key: line.key, reason: failure });
    }
    if (leftOut !== undefined) countLeftOut(report, plan.target, leftOut);
    progress.update(report.restored);
  }
}

async function removeExtras(
  { store, signal }: RestoreContext,
  planner: RestorePlanner,
  { bucket: name, target }: BucketPlan,
  report: RestoreReport,
): Promise<void> {
  try {
    const extras = planner.extrasOf({ name, target });
    const { deleted, failures } = await deleteExtras(store, target, extras, signal);
    report.deleted += deleted;
    report.failures.push(...failures.map((failure) => ({ bucket: target, ...failure })));
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
    const reason = await explainFailure(store, target, error, signal);
    report.failures.push({ bucket: target, key: '', reason: `not all removed: ${reason}` });
  }
}
