import { createHash, randomBytes } from 'node:crypto';
import { type MangamotionError, isMangamotionError, messageOf } from '../errors.js';
import type { BucketDocumentKind } from '../object-store/bucket-documents.js';
import type { ListedObject, ObjectContent, ObjectStore } from '../object-store/port.js';
import type { RunFaults } from '../object-store/run-faults.js';
import { tryCreateBucket } from './documents/bucket-documents.js';
import { type KeyClass, probeKeyOf } from './plan/key-classes.js';

/** The form in which the target stores the keys of a class. */
export interface ProbeResult {
  class: KeyClass;
  /** `unknown`: there was no bucket for the probe. */
  outcome: 'kept' | 'renamed' | 'refused' | 'unknown';
  /** Why keys of the class are not restored; absent if they are. */
  reason?: string;
}

export interface ProbeContext {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
  warn: (line: string) => void;
}

/** Few attempts for the clean-up, because the target may be what failed. */
const CLEANING = { attempts: 3 } as const;

/** Bucket settings that would keep, replicate or announce a probe. */
const TRACE_KEEPING: readonly BucketDocumentKind[] = [
  'versioning',
  'object-lock',
  'notification',
  'replication',
];

/**
 * Finds out how the target stores each class of keys, by writing an object with a random name into
 * a bucket with a random name. If none can be created, it uses the first target bucket that keeps
 * no traces. A bucket that is `given` is used instead. Everything is removed afterwards, even after an error or a signal; `leftovers` names
 * what could not be removed.
 */
export async function probeClasses(
  context: ProbeContext,
  classes: readonly KeyClass[],
  targets: readonly string[],
  given?: string,
): Promise<{ results: ProbeResult[]; leftovers: string[] }> {
  if (classes.length === 0) return { results: [], leftovers: [] };
  const stem = `mangamotion-probe-${randomBytes(6).toString('hex')}`;
  const leftovers: string[] = [];
  const place =
    given === undefined
      ? ((await createPlace(context, stem)) ?? (await findPlace(context, targets)))
      : { bucket: given, temporary: false };
  if (typeof place === 'string') {
    const reason = `it is unknown whether the target keeps such keys: ${place}`;
    return {
      results: classes.map((name) => ({ class: name, outcome: 'unknown', reason })),
      leftovers,
    };
  }
  const probes = classes.map((name, at) => probeOf(name, `${stem}-${at}`, at));
  try {
    const results: ProbeResult[] = [];
    for (const probe of probes) results.push(await probeOne(context, place, probe, stem));
    return { results, leftovers };
  } finally {
    leftovers.push(...(await cleanUp(context, place, probes, stem)));
    for (const left of leftovers) context.warn(left);
  }
}

interface Place {
  bucket: string;
  /** Whether it was created for the probes, and is removed with them. */
  temporary: boolean;
}

async function createPlace(
  { store, signal, warn }: ProbeContext,
  name: string,
): Promise<Place | undefined> {
  try {
    const refusal = await tryCreateBucket(store, name, { signal });
    if (refusal === undefined) return { bucket: name, temporary: true };
    // If the answer was lost, the bucket may exist.
    if (refusal.code === 'unreachable') await removeUnsure(store, name, warn);
    return undefined;
  } catch (error) {
    await removeUnsure(store, name, warn);
    throw error;
  }
}

async function removeUnsure(
  store: ObjectStore,
  name: string,
  warn: (line: string) => void,
): Promise<void> {
  for (const left of await removePlace(store, name)) warn(left);
}

/**
 * Resolves to a target bucket that keeps no trace of a probe, or to the reason why there is none.
 */
async function findPlace(
  { store, signal }: ProbeContext,
  targets: readonly string[],
): Promise<Place | string> {
  let why = 'no bucket may be created for the probe';
  for (const bucket of targets) {
    const found = await whyUnfit(store, bucket, signal);
    if (found === undefined) return { bucket, temporary: false };
    why = `no bucket may be created for the probe, and ${bucket} ${found}`;
  }
  return why;
}

async function whyUnfit(
  store: ObjectStore,
  bucket: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const kind of TRACE_KEEPING) {
    try {
      const { state } = await store.readBucketDocument(bucket, kind, { signal });
      if (state === 'captured') return `has ${kind}`;
    } catch (error) {
      signal.throwIfAborted();
      if (!isMangamotionError(error)) throw error;
      return `does not report its ${kind}`;
    }
  }
  return undefined;
}

interface Probe {
  class: KeyClass;
  key: string;
  content: ObjectContent;
}

/**
 * Returns a probe. Each has a different size, so it can be found under another name. It is not
 * empty, because servers treat an empty object whose key ends in a slash as a folder.
 */
function probeOf(name: KeyClass, stem: string, at: number): Probe {
  const key = probeKeyOf(name, stem);
  const bytes = Buffer.alloc(64 + at, key);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { class: name, key, content: { sizeBytes: bytes.length, sha256, open: () => [bytes] } };
}

async function probeOne(
  { store, faults, signal }: ProbeContext,
  place: Place,
  { class: name, key, content }: Probe,
  stem: string,
): Promise<ProbeResult> {
  let failure: MangamotionError;
  try {
    await store.putObject(place.bucket, key, content, { signal });
    const listed = await listProbes(store, place, stem, { signal });
    const sameSize = listed.filter(({ sizeBytes }) => sizeBytes === content.sizeBytes);
    if (sameSize.some((object) => object.key === key)) return { class: name, outcome: 'kept' };
    const made = sameSize[0];
    const instead =
      made === undefined ? 'does not list it' : `lists ${JSON.stringify(made.key)} instead`;
    const reason = `the target does not keep such keys (${name}): it accepted ${JSON.stringify(key)}, but ${instead}`;
    return { class: name, outcome: 'renamed', reason };
  } catch (error) {
    failure = await faults.classify(place.bucket, error, signal);
  }
  const reason = `the target refuses such keys (${name}): ${failure.message}`;
  return { class: name, outcome: 'refused', reason };
}

async function listProbes(
  store: ObjectStore,
  { bucket, temporary }: Place,
  stem: string,
  options: { signal?: AbortSignal; attempts?: number },
): Promise<ListedObject[]> {
  const prefixes = temporary ? [''] : [stem, `/${stem}`];
  const objects: ListedObject[] = [];
  for (const prefix of prefixes) {
    for await (const page of store.listObjects(bucket, { ...options, prefix })) {
      objects.push(...page);
    }
  }
  return objects;
}

/** Removes the probes even if the signal is aborted. Resolves to descriptions of what is left. */
async function cleanUp(
  { store }: ProbeContext,
  place: Place,
  probes: readonly Probe[],
  stem: string,
): Promise<string[]> {
  const { bucket, temporary } = place;
  try {
    // Removes the probes under the names that we gave them and those that the server gave them.
    const listed = (await listProbes(store, place, stem, CLEANING)).map(({ key }) => key);
    const names = new Set([...listed, ...probes.map(({ key }) => key)]);
    for (const key of names) await removeProbe(store, bucket, key);
    const left = await listProbes(store, place, stem, CLEANING);
    if (left.length > 0) {
      return left.map(
        ({ key }) => `the probe ${bucket}/${key} could not be removed: remove it by hand`,
      );
    }
  } catch (error) {
    return [`not all probes ${stem}… in ${bucket} could be removed: ${messageOf(error)}`];
  }
  return temporary ? await removePlace(store, bucket) : [];
}

/** Removes a probe. A key that the server refuses cannot be removed, but does not exist either. */
async function removeProbe(store: ObjectStore, bucket: string, key: string): Promise<void> {
  try {
    await store.deleteObject(bucket, key, CLEANING);
  } catch (error) {
    // Whatever remains is listed and reported afterwards.
    if (!isMangamotionError(error)) throw error;
  }
}

async function removePlace(store: ObjectStore, bucket: string): Promise<string[]> {
  try {
    await store.deleteBucket(bucket, CLEANING);
    return [];
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return [];
    return [`the bucket ${bucket} of the probes could not be removed: ${messageOf(error)}`];
  }
}
