import { randomBytes } from 'node:crypto';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import { isUnexpectedAnswer } from '../../object-store/store-errors.js';
import type { JournalEntry, ProbeJournal } from './journal.js';
import { contentOf } from './questions.js';

const MARKER = 'mangamotion-probe';
const MOST_MARKER_BYTES = 1024;

/** Makes a bucket with a random name, which the journal names before it is there. */
export async function makeBucket(
  store: ObjectStore,
  journal: ProbeJournal,
  { objectLock, now, signal }: { objectLock: boolean; now: Date; signal: AbortSignal },
): Promise<JournalEntry> {
  const random = () => randomBytes(16).toString('hex');
  const bucket = `mangamotion-probe-${random()}`;
  const entry = { endpoint: store.endpoint, bucket, token: random() };
  // A server may answer as if it had made a bucket that was there already.
  if (await store.bucketExists(bucket, { signal })) {
    throw new MangamotionError('refused', `there is a bucket ${bucket} already`);
  }
  await journal.add(entry, now);
  try {
    await store.createBucket(bucket, { objectLock, signal });
  } catch (error) {
    // Where it is not known whether it was made, the next probe finds out.
    if (isMangamotionError(error, 'access_denied', 'refused')) await journal.remove(bucket);
    throw error;
  }
  await store.putObject(bucket, MARKER, contentOf(entry.token), { signal });
  return entry;
}

/**
 * Removes a bucket of the journal with all that is in it. Resolves to whether it is gone: one that is
 * not empty and lacks the marker is somebody else's, and stays. Rejects where the server refuses.
 */
export async function removeBucket(
  store: ObjectStore,
  journal: ProbeJournal,
  { bucket, token }: JournalEntry,
  signal: AbortSignal,
): Promise<boolean> {
  if (await store.bucketExists(bucket, { signal })) {
    if (!(await isOurs(store, bucket, token, signal))) return false;
    await empty(store, bucket, signal);
    await store.deleteBucket(bucket, { signal });
  }
  await journal.remove(bucket);
  return true;
}

async function isOurs(
  store: ObjectStore,
  bucket: string,
  token: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { content } = await store.readObject(bucket, MARKER, {
      ...{ maxBytes: MOST_MARKER_BYTES, signal },
    });
    return content?.toString('utf8') === token;
  } catch (error) {
    if (!isMangamotionError(error, 'not_found')) throw error;
    // It was made, and its probe ended before the marker; or the marker was removed last.
    const { objects } = await store.listPage(bucket, { maxKeys: 1, signal });
    return objects.length === 0;
  }
}

/** The marker goes last, so that a removal that ends half-way can go on. */
async function empty(store: ObjectStore, bucket: string, signal: AbortSignal): Promise<void> {
  const versions = await store.listVersions(bucket, '', { signal }).catch((error: unknown) => {
    // Such a server has no versions.
    if (isMangamotionError(error, 'refused') || isUnexpectedAnswer(error)) return [];
    throw error;
  });
  const isMarker = ({ key }: { key: string }) => Number(key === MARKER);
  for (const version of versions.sort((a, b) => isMarker(a) - isMarker(b))) {
    await store.deleteVersion(bucket, version, { signal });
  }
  for await (const page of store.listObjects(bucket, { signal })) {
    for (const { key } of page) await store.deleteObject(bucket, key, { signal });
  }
}
