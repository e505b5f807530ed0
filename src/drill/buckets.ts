import { createHash } from 'node:crypto';
import { MangamotionError, isMangamotionError, messageOf } from '../errors.js';
import type { ListedObject, ObjectStore } from '../object-store/port.js';
import { deleteExtras } from '../restore/delete-extras.js';
import { type DrillFields, bucketNamesOf, markerKeyOf } from './journal-entry.js';
import { LARGEST_MARKER_BYTES } from './limits.js';

/** The server may be what failed, so few attempts are made to clean up. */
const CLEANING = { attempts: 4 } as const;
/** The clocks of this machine and of the server may differ by this much. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Makes the buckets of an entry. Each gets a marker object, the proof that the drill made it. */
export async function makeBuckets(
  store: ObjectStore,
  drill: DrillFields,
  signal: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(drill.token);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const marker = { sizeBytes: bytes.length, sha256, open: () => [bytes] };
  for (const bucket of bucketNamesOf(drill)) {
    await store.createBucket(bucket, { signal });
    // us-east-1 also answers 200 for a bucket that existed before.
    const { objects } = await store.listPage(bucket, { maxKeys: 1, signal });
    if (objects.length > 0) {
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

/** In ms since 1970: when the drill can have made its buckets. */
export interface MakingWindow {
  from: number;
  to: number;
}

/**
 * Removes the buckets of an entry that carry its marker. Whatever a signal ended, this goes on. A
 * bucket without a marker is removed only if it is empty and was created while the drill made its
 * buckets: a drill that was killed between the two requests leaves such a bucket.
 */
export async function removeBuckets(
  store: ObjectStore,
  drill: DrillFields,
  window: MakingWindow,
): Promise<Removal> {
  const removal: Removal = { foreign: [], left: [] };
  for (const bucket of bucketNamesOf(drill)) {
    try {
      const whose = await whoseBucket(store, bucket, drill, window);
      if (whose === 'foreign') removal.foreign.push(bucket);
      if (whose === 'marked') await emptyBucket(store, bucket, markerKeyOf(drill));
      if (whose === 'marked' || whose === 'unmarked') await deleteBucket(store, bucket);
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
  window: MakingWindow,
): Promise<'marked' | 'unmarked' | 'foreign' | 'gone'> {
  if (!(await store.bucketExists(bucket, CLEANING))) return 'gone';
  try {
    const options = { ...CLEANING, maxBytes: LARGEST_MARKER_BYTES };
    const { content } = await store.readObject(bucket, markerKeyOf(drill), options);
    return content?.toString() === drill.token ? 'marked' : 'foreign';
  } catch (error) {
    if (!isMangamotionError(error, 'not_found')) throw error;
  }
  const { objects } = await store.listPage(bucket, { ...CLEANING, maxKeys: 1 });
  if (objects.length > 0) return 'foreign';
  const found = (await store.listBuckets(CLEANING)).find(({ name }) => name === bucket);
  const createdMs = Date.parse(found?.createdAt ?? '');
  const isOfThatTime =
    createdMs >= window.from - CLOCK_TOLERANCE_MS && createdMs <= window.to + CLOCK_TOLERANCE_MS;
  return isOfThatTime ? 'unmarked' : 'foreign';
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
