import { createHash } from 'node:crypto';
import { MangamotionError, isMangamotionError, messageOf } from '../errors.js';
import type { ListPage, ListedObject, ObjectStore } from '../object-store/port.js';
import { isUnexpectedAnswer, s3CodeOf } from '../object-store/store-errors.js';
import { deleteExtras } from '../restore/delete-extras.js';
import { type DrillFields, bucketNamesOf, markerKeyOf } from './journal-entry.js';
import { LARGEST_MARKER_BYTES } from './limits.js';

/** The server may be what failed, so few attempts are made to clean up. */
const CLEANING = { attempts: 4 } as const;

/**
 * Makes the buckets of an entry. Each gets a marker object, the proof that the drill made it. `made`
 * gets the names of those that were made, or may have been.
 */
export async function makeBuckets(
  store: ObjectStore,
  drill: DrillFields,
  signal: AbortSignal,
  made: Set<string>,
): Promise<void> {
  const bytes = Buffer.from(drill.token);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const marker = { sizeBytes: bytes.length, sha256, open: () => [bytes] };
  for (const bucket of bucketNamesOf(drill)) {
    made.add(bucket);
    try {
      await store.createBucket(bucket, { signal });
    } catch (error) {
      // A refusal says that it was not made. A missing answer says nothing.
      if (isMangamotionError(error, 'refused', 'access_denied')) made.delete(bucket);
      throw error;
    }
    // us-east-1 also answers 200 for a bucket that existed before.
    if (!isEmptyPage(await store.listPage(bucket, { maxKeys: 1, signal }))) {
      made.delete(bucket);
      throw new MangamotionError(
        'refused',
        `the bucket ${bucket} is not empty, so this drill has not made it: it is left alone`,
      );
    }
    await store.putObject(bucket, markerKeyOf(drill), marker, { signal });
  }
}

export interface Removal {
  /** Buckets without the proof, which are not touched. */
  foreign: string[];
  /** What could not be removed, and why. */
  left: string[];
}

/**
 * Removes the buckets of an entry that carry its marker. Whatever a signal ended, this goes on. A drill
 * that was killed between two requests leaves a bucket without a marker. Such a one is removed only
 * if the drill can have made it, as `mayBeOurs` decides, and if nothing was ever put into it. It is never emptied.
 */
export async function removeBuckets(
  store: ObjectStore,
  drill: DrillFields,
  mayBeOurs: (bucket: string, createdAt: string | null | undefined) => boolean,
): Promise<Removal> {
  const removal: Removal = { foreign: [], left: [] };
  for (const bucket of bucketNamesOf(drill)) {
    try {
      const whose = await whoseBucket(store, bucket, drill, mayBeOurs);
      if (whose === 'foreign') removal.foreign.push(bucket);
      if (whose === 'unmarked') await store.deleteBucket(bucket, CLEANING);
      if (whose !== 'marked') continue;
      await emptyBucket(store, bucket, markerKeyOf(drill));
      await deleteBucket(store, bucket);
    } catch (error) {
      removal.left.push(`the bucket ${bucket} of a drill was not removed: ${messageOf(error)}`);
    }
  }
  return removal;
}

async function whoseBucket(
  store: ObjectStore,
  bucket: string,
  drill: DrillFields,
  mayBeOurs: Parameters<typeof removeBuckets>[2],
): Promise<'marked' | 'unmarked' | 'foreign' | 'gone'> {
  if (!(await store.bucketExists(bucket, CLEANING))) return 'gone';
  try {
    const options = { ...CLEANING, maxBytes: LARGEST_MARKER_BYTES };
    const { content } = await store.readObject(bucket, markerKeyOf(drill), options);
    return content?.toString() === drill.token ? 'marked' : 'foreign';
  } catch (error) {
    if (!isMangamotionError(error, 'not_found')) throw error;
  }
  const found = (await store.listBuckets(CLEANING)).find(({ name }) => name === bucket);
  if (!mayBeOurs(bucket, found?.createdAt)) return 'foreign';
  return (await wasNeverUsed(store, bucket)) ? 'unmarked' : 'foreign';
}

/** Whether a bucket has no objects, no versions of any that were removed, and no uploads. */
async function wasNeverUsed(store: ObjectStore, bucket: string): Promise<boolean> {
  if (!isEmptyPage(await store.listPage(bucket, { ...CLEANING, maxKeys: 1 }))) return false;
  const versions = await unlessUnknown(store.listVersions(bucket, '', CLEANING));
  const uploads = await unlessUnknown(store.listMultipartUploads(bucket, '', CLEANING));
  return versions.length === 0 && uploads.length === 0;
}

/**
 * A server that does not know a request holds nothing of its kind. It either rejects the request with such a
 * code or returns a different document. Any other failure proves nothing. A server with versions refuses to delete a bucket that has any.
 */
async function unlessUnknown<T>(request: Promise<T[]>): Promise<T[]> {
  try {
    return await request;
  } catch (error) {
    if (UNKNOWN_TO_SERVER.has(s3CodeOf(error)) || isUnexpectedAnswer(error)) return [];
    throw error;
  }
}

const UNKNOWN_TO_SERVER: ReadonlySet<string> = new Set(['NotImplemented', 'MethodNotAllowed']);

/** An empty page may be followed by others. */
function isEmptyPage({ objects, nextToken, continueAfter }: ListPage): boolean {
  return objects.length === 0 && nextToken === null && continueAfter === undefined;
}

/** Removes the markers, so that no journal ever names these buckets as those of a drill again. */
export async function removeMarkers(store: ObjectStore, drill: DrillFields): Promise<void> {
  let failure: unknown;
  for (const bucket of bucketNamesOf(drill)) {
    await store.deleteObject(bucket, markerKeyOf(drill), CLEANING).catch((error: unknown) => {
      failure ??= error;
    });
  }
  if (failure !== undefined) throw failure as Error;
}

/** Removes all objects of a bucket, the marker last. */
async function emptyBucket(store: ObjectStore, bucket: string, marker: string): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    let found = 0;
    const objects = others(store, bucket, marker, (count) => (found += count));
    const failures = await deleteExtras(store, bucket, {
      extras: objects,
      onDeleted: () => undefined,
      signal,
    });
    const [failure] = failures;
    if (failure !== undefined && failures.length === found) {
      throw new MangamotionError('refused', `${failure.key}: ${failure.reason}`);
    }
    // Some servers list a key only after another one is gone.
    if (found === 0) break;
  }
  for (const { key, uploadId } of await uploadsOf(store, bucket)) {
    await store.abortMultipartUpload(bucket, key, uploadId, CLEANING);
  }
  await store.deleteObject(bucket, marker, CLEANING);
}

/** Not every server lists uploads, and a bucket can be removed there all the same. */
async function uploadsOf(store: ObjectStore, bucket: string) {
  try {
    return await store.listMultipartUploads(bucket, '', CLEANING);
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    return [];
  }
}

async function* others(
  store: ObjectStore,
  bucket: string,
  marker: string,
  onFound: (count: number) => void,
): AsyncGenerator<ListedObject[]> {
  for await (const page of store.listObjects(bucket, CLEANING)) {
    const objects = page.filter(({ key }) => key !== marker);
    onFound(objects.length);
    yield objects;
  }
}

async function deleteBucket(store: ObjectStore, bucket: string): Promise<void> {
  try {
    await store.deleteBucket(bucket, CLEANING);
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return;
    if (!isMangamotionError(error, 'refused')) throw error;
    // A server may keep versions of what was deleted.
    for (const version of await store.listVersions(bucket, '', CLEANING)) {
      await store.deleteVersion(bucket, version, CLEANING);
    }
    await store.deleteBucket(bucket, CLEANING);
  }
}
