import { createHash, randomBytes } from 'node:crypto';
import { type MangamotionError, isMangamotionError, messageOf } from '../errors.js';
import type { BucketDocumentKind } from '../object-store/bucket-documents.js';
import type { ListedObject, ObjectContent, ObjectStore } from '../object-store/port.js';
import type { RunFaults } from '../object-store/run-faults.js';
import { tryCreateBucket } from './documents/bucket-documents.js';
import { type KeyClass, probeKeyOf } from './plan/problem-keys.js';

/** What the target does with the keys of a class. */
export interface ProbeResult {
  class: KeyClass;
  /** `unknown`: there was no bucket for the probe. */
  outcome: 'kept' | 'renamed' | 'refused' | 'unknown';
  /** Why its keys are not restored; absent if they are kept. */
  reason?: string;
}

export interface ProbeContext {
  store: ObjectStore;
  faults: RunFaults;
  signal: AbortSignal;
  warn: (line: string) => void;
}

/** How often what a probe made is removed at most: the target may be what failed. */
const CLEANING = { attempts: 3 } as const;

/** Bucket settings that would keep a probe, replicate it or announce it for good. */
const TRACE_KEEPING: readonly BucketDocumentKind[] = [
  'versioning',
  'object-lock',
  'notification',
  'replication',
];

/**
 * Finds out what the target does with each class of keys, by an object of a random name in a
 * bucket of a random name; where none can be created, in the first target bucket that keeps no
 * traces. All that it made is removed, also where it fails or a signal ends it; `leftovers` names
 * what could not be.
 */
export async function probeClasses(
  context: ProbeContext,
  classes: readonly KeyClass[],
  targets: readonly string[],
): Promise<{ results: ProbeResult[]; leftovers: string[] }> {
  if (classes.length === 0) return { results: [], leftovers: [] };
  const stem = `mangamotion-probe-${randomBytes(6).toString('hex')}`;
  const leftovers: string[] = [];
  const place = (await createPlace(context, stem)) ?? (await findPlace(context, targets));
  if (typeof place === 'string') {
    const reason = `it is not known whether the target keeps such keys: ${place}`;
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
  /** It was made for the probes, and goes with them. */
  temporary: boolean;
}

async function createPlace(
  { store, signal, warn }: ProbeContext,
  name: string,
): Promise<Place | undefined> {
  try {
    const refusal = await tryCreateBucket(store, name, { signal });
    if (refusal === undefined) return { bucket: name, temporary: true };
    // Where the answer was lost, it may be there.
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

/** A target bucket that keeps no trace of a probe; or why there is none. */
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
 * The probe has a size of its own, so that it can be found under another name. A key that ends in a
 * slash is another thing when it has no content.
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

/**
 * Removes the probes without the signal, which may already be aborted. Resolves to a description of what
 * is left.
 */
async function cleanUp(
  { store }: ProbeContext,
  place: Place,
  probes: readonly Probe[],
  stem: string,
): Promise<string[]> {
  const { bucket, temporary } = place;
  try {
    // Under the names that they were given, and under those that the server gave them.
    const listed = (await listProbes(store, place, stem, CLEANING)).map(({ key }) => key);
    const names = new Set([...listed, ...probes.map(({ key }) => key)]);
    for (const key of names) await removeProbe(store, bucket, key);
    const left = await listProbes(store, place, stem, CLEANING);
    if (left.length > 0) {
      return left.map(({ key }) => `the probe ${bucket}/${key} could not be removed: remove it`);
    }
  } catch (error) {
    return [`probes ${stem}… in ${bucket} could not all be removed: ${messageOf(error)}`];
  }
  return temporary ? await removePlace(store, bucket) : [];
}

/** A key that the server does not take cannot be removed either, and is not there. */
async function removeProbe(store: ObjectStore, bucket: string, key: string): Promise<void> {
  try {
    await store.deleteObject(bucket, key, CLEANING);
  } catch (error) {
    // What is there nevertheless is listed afterwards, and named.
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
