import type { BucketDocumentKind } from '../object-store/bucket-documents.js';
import { restoreDocument } from './documents/bucket-documents.js';
import { tryCreateBucket } from './create-bucket.js';
import { deleteExtras } from './delete-extras.js';
import { AFTER_OBJECTS, BEFORE_OBJECTS, LAST } from './documents/documents.js';
import { explained } from './failures.js';
import type { KeyClass } from './plan/problem-keys.js';
import type { BucketPlan } from './plan/decide.js';
import { type ProbeResult, probeClasses } from './probe-keys.js';
import type { RestoreReport } from './report.js';
import { restoreBucket } from './restore-bucket.js';
import { CHANGED_SINCE } from './plan/shown-objects.js';
import type {
  ApplyOptions,
  Done,
  RestoreContext,
  Restoring,
  RestoringObjects,
} from './prepared.js';

/**
 * Carries the plan out. `done` tells at any time what has been done of it, also where a signal ends
 * it.
 */
export async function restoreAll(
  context: RestoreContext,
  restoring: Restoring,
  options: ApplyOptions,
  done: Done,
): Promise<RestoreReport> {
  const { plans, backup, failures, losses } = restoring;
  const documents: RestoreReport['documents'] = [];
  const left: RestoreReport['left_out'] = [];
  context.progress.start('restoring');
  context.progress.update({
    objectsTotal: plans.reduce((sum, plan) => sum + plan.create + plan.overwrite, 0),
    bytesTotal: plans.reduce((sum, plan) => sum + plan.bytes, 0),
  });
  const { results: probes, leftovers } = await probe(context, restoring);
  await createBuckets(context, restoring, documents);
  await restoreDocuments(context, restoring, BEFORE_OBJECTS, documents);
  const proved = restoring.objects
    ? await restoreObjects(context, restoring, { ...options, probes, done, left })
    : 0;
  await restoreDocuments(context, restoring, AFTER_OBJECTS, documents);
  await restoreDocuments(context, restoring, LAST, documents);
  return {
    backup: backup.id,
    buckets: plans,
    restored: { objects: done.objects, bytes: done.bytes },
    documents,
    deleted: done.deleted,
    probes,
    proved: options.proof ? proved : null,
    left_out: left,
    losses: losses.all,
    problems: [...restoring.problems, ...leftovers],
    failures: failures.named,
    failures_omitted: failures.omitted,
  };
}

/** Before anything is written: a key that the target renames would overwrite what is right. */
async function probe(
  { store, signal, progress }: RestoreContext,
  { planner: { classes }, faults, plans }: Restoring,
): Promise<{ results: ProbeResult[]; leftovers: string[] }> {
  const existing = plans.filter((plan) => !plan.create_bucket).map(({ target }) => target);
  return await probeClasses(
    { store, faults, signal, warn: (line) => progress.warn(line) },
    classes.classes,
    classes.buckets.filter((bucket) => existing.includes(bucket)),
  );
}

/** All before the first object. One that cannot be created is a failure, and ends no other. */
async function createBuckets(
  { store, signal }: RestoreContext,
  restoring: Restoring,
  documents: RestoreReport['documents'],
): Promise<void> {
  for (const { plan, objectLock, documents: planned } of restoring.buckets) {
    if (!plan.create_bucket) continue;
    const refusal = await tryCreateBucket(store, plan.target, { objectLock, signal });
    if (refusal === undefined) continue;
    plan.failed = `it could not be created: ${refusal.message}`;
    const failure = { ...explained(refusal), reason: plan.failed };
    restoring.failures.add({ bucket: plan.target, key: '', ...failure });
    for (const { planned: document } of planned) {
      const { bucket, target, kind } = document;
      documents.push({ bucket, target, kind, result: 'failed', reason: plan.failed });
    }
  }
  restoring.buckets = restoring.buckets.filter(({ plan }) => plan.failed === undefined);
}

async function restoreDocuments(
  { store, signal }: RestoreContext,
  { buckets, faults, failures }: Restoring,
  kinds: readonly BucketDocumentKind[],
  done: RestoreReport['documents'],
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
        done.push({ ...planned, result });
      } catch (error) {
        const failure = explained(await faults.judge(bucket, error, signal));
        done.push({ ...planned, result: 'failed', reason: failure.reason });
        failures.add({ bucket, key: '', document: kind, ...failure });
      }
    }
  }
}

/** Resolves to how many objects were proved. */
async function restoreObjects(
  context: RestoreContext,
  restoring: Restoring,
  how: RestoringObjects,
): Promise<number> {
  // When one upload ends the run, those under way are given up.
  const givenUp = new AbortController();
  const signal = AbortSignal.any([context.signal, givenUp.signal]);
  const avoided = new Map<KeyClass, string>();
  for (const { class: name, reason } of how.probes) {
    if (reason !== undefined) avoided.set(name, reason);
  }
  let proved = 0;
  try {
    for (const bucket of restoring.buckets) {
      const failed = restoring.failures.count;
      const uploading = { ...context, signal, archives: restoring.backup.archives };
      proved += await restoreBucket(uploading, restoring, bucket, { ...how, avoided });
      if (bucket.plan.delete === 0) continue;
      if (restoring.failures.count === failed) {
        await removeExtras(context, restoring, bucket.plan, how.done);
      } else {
        const { target } = bucket.plan;
        context.progress.warn(`${target}: nothing was removed, as not all of it was restored`);
      }
    }
  } finally {
    givenUp.abort();
  }
  return proved;
}

async function removeExtras(
  { store, signal }: RestoreContext,
  { planner, faults, failures }: Restoring,
  { bucket: name, target }: BucketPlan,
  done: { deleted: number },
): Promise<void> {
  const onDeleted = (count: number) => void (done.deleted += count);
  try {
    const decided = planner.extrasOf({ name, target });
    const extras = planner.asShown(target, decided, (key) =>
      failures.add({ bucket: target, key, reason: CHANGED_SINCE }),
    );
    for (const failure of await deleteExtras(store, target, { extras, onDeleted, signal })) {
      failures.add({ bucket: target, ...failure });
    }
  } catch (error) {
    if (planner.isOfBackup(error)) throw error;
    const failure = explained(await faults.judge(target, error, signal));
    const reason = `not all removed: ${failure.reason}`;
    failures.add({ bucket: target, key: '', ...failure, reason });
  }
}
