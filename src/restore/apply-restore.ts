import type { BucketDocumentKind } from '../object-store/bucket-documents.js';
import { makeBucket, restoreDocument } from './documents/bucket-documents.js';
import { deleteExtras } from './delete-extras.js';
import { AFTER_OBJECTS, BEFORE_OBJECTS, LAST } from './documents/documents.js';
import { failureFields } from './failures.js';
import type { KeyClass } from './plan/key-classes.js';
import { refuseLargeDeletions } from './plan/consent.js';
import type { BucketPlan } from './plan/decide.js';
import type { PlannedRestore } from './plan-restore.js';
import { type ProbeResult, probeClasses } from './probe-keys.js';
import type { RestoreReport } from './report.js';
import { restoreBucket } from './restore-bucket.js';
import { CHANGED_SINCE, onlyShown } from './plan/shown-objects.js';
import type { ApplyOptions, RestoreContext, PreparedRestore, ObjectsOptions } from './prepared.js';

/**
 * Carries out a plan. An object that cannot be restored is named in the report; only the faults of
 * `RunFaults` end the restore. `planned.done` holds the progress at any time, even after a signal.
 * Rejects with `refused` if a large deletion was not confirmed.
 */
export async function applyRestore(
  context: RestoreContext,
  { plan, prepared, done }: PlannedRestore,
  options: ApplyOptions,
): Promise<RestoreReport> {
  if (!options.consented) refuseLargeDeletions(plan.buckets);
  const { plans, backup, failures, losses } = prepared;
  const documents: RestoreReport['documents'] = [];
  const left: RestoreReport['left_out'] = [];
  context.progress.start('copying');
  context.progress.update({
    objectsTotal: plans.reduce((sum, plan) => sum + plan.create + plan.overwrite, 0),
    bytesTotal: plans.reduce((sum, plan) => sum + plan.bytes, 0),
  });
  const { results: probes, leftovers } = await probe(context, prepared, options.probeIn);
  await createBuckets(context, prepared, documents);
  await restoreDocuments(context, prepared, BEFORE_OBJECTS, documents);
  const proved = prepared.objects
    ? await restoreObjects(context, prepared, { ...options, probes, done, left })
    : 0;
  await restoreDocuments(context, prepared, AFTER_OBJECTS, documents);
  await restoreDocuments(context, prepared, LAST, documents);
  return {
    backup: backup.id,
    ...(plan.share === undefined ? {} : { share: plan.share, shares: plan.shares }),
    buckets: plans,
    restored: { objects: done.objects, bytes: done.bytes },
    documents,
    deleted: done.deleted,
    probes,
    proved: options.proof ? proved : null,
    left_out: left,
    losses: losses.all,
    problems: [...prepared.problems, ...leftovers],
    failures: failures.named,
    failures_omitted: failures.omitted,
  };
}

/**
 * Creates the buckets, and writes the documents that objects need, before others write the objects. What
 * fails is not told: the restore after them tries it again. Resolves to the documents.
 */
export async function prepareTarget(
  context: RestoreContext,
  prepared: PreparedRestore,
): Promise<RestoreReport['documents']> {
  const documents: RestoreReport['documents'] = [];
  await createBuckets(context, prepared, documents);
  await restoreDocuments(context, prepared, BEFORE_OBJECTS, documents);
  return documents;
}

/** Probes the target first: an object that it renames would overwrite another one. */
async function probe(
  { store, signal, progress }: RestoreContext,
  { planner: { classes }, faults, plans }: PreparedRestore,
  probeIn: string | undefined,
): Promise<{ results: ProbeResult[]; leftovers: string[] }> {
  const existing = plans.filter((plan) => !plan.create_bucket).map(({ target }) => target);
  return await probeClasses(
    { store, faults, signal, warn: (line) => progress.warn(line) },
    classes.classes,
    classes.buckets.filter((bucket) => existing.includes(bucket)),
    probeIn,
  );
}

/** Creates all buckets before the first object. A bucket that fails does not stop the others. */
async function createBuckets(
  { store, signal }: RestoreContext,
  prepared: PreparedRestore,
  documents: RestoreReport['documents'],
): Promise<void> {
  for (const bucket of prepared.buckets) {
    const { plan, objectLock, documents: planned } = bucket;
    if (!plan.create_bucket) continue;
    const made = await makeBucket(store, plan.target, { objectLock, signal });
    if (made === 'created') continue;
    if (made === 'appeared') {
      bucket.isNew = false;
      continue;
    }
    const refusal = made;
    plan.failed = `it could not be created: ${refusal.message}`;
    const failure = { ...failureFields(refusal), reason: plan.failed };
    prepared.failures.add({ bucket: plan.target, key: '', ...failure });
    for (const { planned: document } of planned) {
      const { bucket, target, kind } = document;
      documents.push({ bucket, target, kind, result: 'failed', reason: plan.failed });
    }
  }
  prepared.buckets = prepared.buckets.filter(({ plan }) => plan.failed === undefined);
}

async function restoreDocuments(
  { store, signal }: RestoreContext,
  { buckets, faults, failures }: PreparedRestore,
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
        const failure = failureFields(await faults.classify(bucket, error, signal));
        done.push({ ...planned, result: 'failed', reason: failure.reason });
        failures.add({ bucket, key: '', document: kind, ...failure });
      }
    }
  }
}

/** Restores the objects of all buckets. Resolves to the number of proved objects. */
async function restoreObjects(
  context: RestoreContext,
  prepared: PreparedRestore,
  how: ObjectsOptions,
): Promise<number> {
  // If an upload ends the restore, all other uploads are aborted.
  const aborted = new AbortController();
  const signal = AbortSignal.any([context.signal, aborted.signal]);
  const avoided = new Map<KeyClass, string>();
  for (const { class: name, reason } of how.probes) {
    if (reason !== undefined) avoided.set(name, reason);
  }
  let proved = 0;
  try {
    for (const bucket of prepared.buckets) {
      const failed = prepared.failures.count;
      const uploading = { ...context, signal, archives: prepared.backup.archives };
      proved += await restoreBucket(uploading, prepared, bucket, { ...how, avoided });
      if (bucket.plan.delete === 0) continue;
      if (prepared.failures.count === failed) {
        context.progress.phase(`removing extra objects of ${bucket.plan.target}`);
        await removeExtras(context, prepared, bucket.plan, how.done);
      } else {
        const { target } = bucket.plan;
        context.progress.warn(`${target}: no objects were removed, because some were not restored`);
      }
    }
  } finally {
    aborted.abort();
  }
  return proved;
}

async function removeExtras(
  { store, signal }: RestoreContext,
  { planner, faults, failures }: PreparedRestore,
  { bucket: name, target }: BucketPlan,
  done: { deleted: number },
): Promise<void> {
  const onDeleted = (count: number) => void (done.deleted += count);
  try {
    const decided = planner.extrasOf({ name, target });
    const extras = onlyShown(planner.shown, target, decided, (key) =>
      failures.add({ bucket: target, key, reason: CHANGED_SINCE }),
    );
    for (const failure of await deleteExtras(store, target, { extras, onDeleted, signal })) {
      failures.add({ bucket: target, ...failure });
    }
  } catch (error) {
    if (planner.isBackupError(error)) throw error;
    const failure = failureFields(await faults.classify(target, error, signal));
    const reason = `not all extra objects were removed: ${failure.reason}`;
    failures.add({ bucket: target, key: '', ...failure, reason });
  }
}
