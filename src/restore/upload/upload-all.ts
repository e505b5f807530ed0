import type { IndexLine } from '../../archive/index-line.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectStore, StoredObject } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { s3CodeOf } from '../../object-store/store-errors.js';
import { prefetchInOrder } from '../../prefetch.js';
import type { Archives } from '../../repository/archives.js';
import {
  ARCHIVE_CLASS,
  type EncryptionMode,
  type LockLeftOut,
  type SentAttributes,
  attributesOf,
} from '../attributes/attributes.js';
import { type Concession, Refusals, concessionsFor, without } from '../attributes/concessions.js';
import { type RestoreFailure, failureFields } from '../failures.js';
import { type KeyClass, classesOf } from '../plan/key-classes.js';
import { type PlannedObject, transfers } from '../plan/decide.js';
import { heldBytes, uploadObject } from './upload-object.js';

/** The uploads of one worker at once. */
const UPLOADS_A_WORKER = 24;
/** The bytes that they may hold in memory: those of the first worker, and of each other one. */
const FIRST_HELD_BYTES = 64 * 1024 * 1024;
const OTHER_HELD_BYTES = 44 * 1024 * 1024;
const FIXED_WEIGHT_BYTES = 16 * 1024;

export interface Uploading {
  store: ObjectStore;
  archives: Archives;
  faults: RunFaults;
  encryption: EncryptionMode;
  /** Key classes that are not written because the target would rename them, with the reason. */
  avoided: ReadonlyMap<KeyClass, string>;
  now: () => Date;
  signal: AbortSignal;
  /** How many workers upload at once; 1 by default. */
  workers?: number | undefined;
}

export interface UploadTarget {
  bucket: string;
  objectLock: boolean;
}

export type Uploaded = { line: IndexLine } & (
  | { failure: Omit<RestoreFailure, 'bucket' | 'key'> }
  | {
      failure?: undefined;
      stored: StoredObject;
      /** Ms since 1970, by this machine's clock. */
      writtenAtMs: number;
      sent: SentAttributes;
      leftOut: LockLeftOut | undefined;
      lost: { what: string; reason: string }[];
    }
);

/** Uploads the objects that the plan transfers, many at a time, and yields the results in order. */
export async function* uploadAll(
  uploading: Uploading,
  target: UploadTarget,
  objects: AsyncIterable<readonly PlannedObject[]>,
): AsyncGenerator<Uploaded> {
  const { workers = 1 } = uploading;
  const refusals = new Refusals();
  const uploads = prefetchInOrder(
    toTransfer(objects),
    {
      maxRequests: UPLOADS_A_WORKER * workers,
      maxBytes: FIRST_HELD_BYTES + OTHER_HELD_BYTES * (workers - 1),
    },
    ({ line }) => FIXED_WEIGHT_BYTES + heldBytes(line, workers),
    async ({ line }) => await uploadOne(uploading, target, refusals, line),
  );
  for await (const { result } of uploads) yield result;
}

async function* toTransfer(
  pages: AsyncIterable<readonly PlannedObject[]>,
): AsyncGenerator<PlannedObject[]> {
  for await (const page of pages) yield page.filter(({ action }) => transfers(action));
}

async function uploadOne(
  uploading: Uploading,
  target: UploadTarget,
  refusals: Refusals,
  line: IndexLine,
): Promise<Uploaded> {
  const { store, archives, faults, avoided, now, signal, workers } = uploading;
  const { bucket } = target;
  const avoid = classesOf(line.key, line.size).map((name) => avoided.get(name));
  const why = avoid.find((reason) => reason !== undefined);
  if (why !== undefined) return { line, failure: { reason: why } };
  const options = { ...target, encryption: uploading.encryption };
  const { attributes, leftOut, archiveClass } = attributesOf(line, options, now().getTime());
  const lost: { what: string; reason: string }[] = [];
  if (archiveClass !== undefined) {
    const reason = `${archiveClass} is an archive class: restored as STANDARD, so that it can be read`;
    lost.push({ what: ARCHIVE_CLASS, reason });
  }
  const known = refusals.knownOf(attributes);
  for (const [what, reason] of known) lost.push({ what, reason });
  try {
    const put = (sent: SentAttributes) =>
      uploadObject(store, archives, bucket, line, { signal, attributes: sent, workers });
    const wanted = without(attributes, known.keys());
    const { stored, sent, conceded, refusal } = await putConceding(
      put,
      wanted,
      (concession) => concession !== 'encryption' || uploading.encryption !== 'keep',
    );
    for (const what of conceded) {
      const reason = `the target refuses it: ${refusal?.message ?? ''}`;
      // The target refuses these tags, but not tags as such.
      const isOfOne = s3CodeOf(refusal) === 'InvalidTag';
      if (!isOfOne) refusals.add(what, attributes, reason);
      lost.push({ what, reason });
    }
    const writtenAtMs = now().getTime();
    if (line.acl !== undefined) {
      const refused = await putAcl(uploading, bucket, line.key, line.acl);
      if (refused !== undefined) lost.push({ what: 'acl', reason: refused });
    }
    return { line, stored, sent, leftOut, lost, writtenAtMs };
  } catch (error) {
    return { line, failure: failureFields(await faults.classify(bucket, error, signal)) };
  }
}

interface Put {
  stored: StoredObject;
  sent: SentAttributes;
  conceded: readonly Concession[];
  refusal?: MangamotionError;
}

/** Puts an object, and again without an attribute if the target refuses it. */
async function putConceding(
  put: (sent: SentAttributes) => Promise<StoredObject>,
  attributes: SentAttributes,
  mayConcede: (concession: Concession) => boolean,
): Promise<Put> {
  try {
    return { stored: await put(attributes), sent: attributes, conceded: [] };
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    for (const conceded of concessionsFor(error, attributes, mayConcede)) {
      const sent = without(attributes, conceded);
      try {
        return { stored: await put(sent), sent, conceded, refusal: error };
      } catch (again) {
        // If the refusal was about something else, the first one is reported.
        if (!isMangamotionError(again, 'refused', 'access_denied', 'damaged')) throw again;
      }
    }
    throw error;
  }
}

/** Resolves to the reason if the target refuses the ACL. */
async function putAcl(
  { store, faults, signal }: Uploading,
  bucket: string,
  key: string,
  acl: string,
): Promise<string | undefined> {
  try {
    await store.putObjectAcl(bucket, key, acl, { signal });
    return undefined;
  } catch (error) {
    const { message } = await faults.classify(bucket, error, signal);
    return `the target refuses it: ${message}`;
  }
}
