import type { Archives } from '../repository/archives.js';
import { type LockLeftOut, attributesOf } from './attributes/attributes.js';
import { failureFields } from './failures.js';
import type { KeyClass } from './plan/key-classes.js';
import { type PlannedObject, transfers } from './plan/decide.js';
import { proveWritten } from './proof/proof.js';
import { ReadBacks } from './attributes/read-back.js';
import { UnchangedAttributes } from './attributes/unchanged.js';
import type { RestoreReport } from './report.js';
import type {
  PreparedBucket,
  RestoreContext,
  PreparedRestore,
  ObjectsOptions,
} from './prepared.js';
import { CHANGED_SINCE, onlyShown } from './plan/shown-objects.js';
import { type Uploaded, uploadAll } from './upload/upload-all.js';
import { WrittenObjects } from './written.js';

type Context = RestoreContext & { archives: Archives };
type How = ObjectsOptions & { avoided: ReadonlyMap<KeyClass, string> };

/**
 * Restores the objects of a bucket, and proves it: reads back the first objects with each kind of
 * attribute, including unchanged ones, the ACL and the tags of every unchanged one, and compares written
 * objects with the target's listing.
 * Resolves to the number of proved objects.
 */
export async function restoreBucket(
  context: Context,
  prepared: PreparedRestore,
  bucket: PreparedBucket,
  how: How,
): Promise<number> {
  const { store, signal, now } = context;
  const { faults, losses } = prepared;
  const begunAtMs = now().getTime();
  const written = new WrittenObjects();
  const { target } = bucket.plan;
  const readBacks = new ReadBacks({ store, faults, signal }, target);
  const unchanged = new UnchangedAttributes({ store, faults, signal }, target);
  context.progress.phase();
  try {
    await uploadBucket(context, prepared, bucket, how, { written, readBacks, unchanged });
    losses.all.push(...(await readBacks.finish()), ...(await unchanged.finish()));
    if (!how.proof) return 0;
    context.progress.phase(`proving ${target}`);
    return await prove(context, prepared, bucket, how, { written, begunAtMs });
  } finally {
    await written.close();
  }
}

interface Checks {
  written: WrittenObjects;
  readBacks: ReadBacks;
  unchanged: UnchangedAttributes;
}

async function uploadBucket(
  context: Context,
  prepared: PreparedRestore,
  { plan, objectLock, isNew }: PreparedBucket,
  how: How,
  { written, readBacks, unchanged }: Checks,
): Promise<void> {
  const { planner, faults, failures, losses } = prepared;
  const { target } = plan;
  const decided = planner.objectsOf({ name: plan.bucket, target }, !isNew);
  const objects = onlyShown(planner.shown, target, decided, (key) =>
    failures.add({ bucket: target, key, reason: CHANGED_SINCE }),
  );
  const { encryption, avoided, done, left } = how;
  const uploading = { ...context, faults, encryption, avoided };
  // An earlier restore may have written the unchanged objects, and lost attributes of them.
  const withReadBacks = eachLeft(objects, async ({ line, action, target: stored }) => {
    if (action === 'conflict')
      failures.add({ bucket: target, key: line.key, reason: CONFLICT_SINCE });
    if (action !== 'unchanged' || stored === undefined) return;
    const nowMs = context.now().getTime();
    const { attributes, leftOut } = attributesOf(line, { objectLock, encryption }, nowMs);
    if (leftOut !== undefined) countLeftOut(left, target, leftOut);
    const sent = { attributes, acl: line.acl };
    if (how.trustsUnchanged === true) readBacks.add(line, stored, sent);
    else {
      readBacks.add(line, stored, { attributes: { ...attributes, tags: [] } });
      await unchanged.add(line, stored, sent);
    }
  });
  try {
    for await (const one of uploadAll(uploading, { bucket: target, objectLock }, withReadBacks)) {
      const { key, size } = one.line;
      if (one.failure !== undefined) {
        failures.add({ bucket: target, key, ...one.failure });
        continue;
      }
      done.objects += 1;
      done.bytes += size;
      await written.add({
        key,
        sizeBytes: size,
        etag: one.stored.etag,
        writtenAtMs: one.writtenAtMs,
      });
      readBacks.add(one.line, one.stored, { attributes: one.sent, acl: aclKept(one) });
      for (const lost of one.lost) losses.add({ bucket: target, key, ...lost });
      if (one.leftOut !== undefined) countLeftOut(left, target, one.leftOut);
      context.progress.update({ objects: done.objects, bytes: done.bytes });
    }
  } catch (error) {
    if (planner.isBackupError(error)) throw error;
    const failure = failureFields(await faults.classify(target, error, context.signal));
    const reason = `the bucket was not fully restored: ${failure.reason}`;
    failures.add({ bucket: target, key: '', ...failure, reason });
  }
}

/** Why an object is not restored that was not in the way when the restore was planned. */
const CONFLICT_SINCE =
  'another object has taken its place since the plan, and --on-conflict is fail';

/** Yields all objects, and calls `onLeft` for each that is not written. */
async function* eachLeft(
  pages: AsyncIterable<PlannedObject[]>,
  onLeft: (object: PlannedObject) => Promise<void>,
): AsyncGenerator<PlannedObject[]> {
  for await (const page of pages) {
    for (const object of page) if (!transfers(object.action)) await onLeft(object);
    yield page;
  }
}

async function prove(
  { store, signal, progress }: Context,
  { planner, faults, failures, selection }: PreparedRestore,
  { plan }: PreparedBucket,
  { done }: How,
  { written, begunAtMs }: { written: WrittenObjects; begunAtMs: number },
): Promise<number> {
  const { target: bucket, listed: listedBefore } = plan;
  try {
    const { named, omitted, omittedBytes } = await proveWritten(
      { store, listing: planner.listing, faults, signal },
      { name: plan.bucket, target: bucket },
      { written, selection, listedBefore, begunAtMs },
    );
    for (const { key, reason } of named) failures.add({ bucket, key, reason });
    failures.omitted += omitted;
    const unproved = named.length + omitted;
    done.objects -= unproved;
    done.bytes -= named.reduce((sum, { sizeBytes }) => sum + sizeBytes, omittedBytes);
    progress.update({ objects: done.objects, bytes: done.bytes });
    return written.count - unproved;
  } catch (error) {
    const failure = failureFields(await faults.classify(bucket, error, signal));
    const reason = `the written objects could not be compared with the listing: ${failure.reason}`;
    failures.add({ bucket, key: '', ...failure, reason });
    return 0;
  }
}

/** Returns the ACL to read back. One that the target refused has already been reported. */
function aclKept({ line, ...one }: Uploaded): string | undefined {
  const lost = one.failure === undefined ? one.lost : [];
  return lost.some(({ what }) => what === 'acl') ? undefined : line.acl;
}

function countLeftOut(left: RestoreReport['left_out'], bucket: string, reason: LockLeftOut): void {
  const known = left.find((one) => one.bucket === bucket && one.reason === reason);
  if (known === undefined) left.push({ bucket, reason, objects: 1 });
  else known.objects += 1;
}
