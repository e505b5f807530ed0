import { MEMBER_HEADER_BYTES, decodeMemberHeader } from '../archive/gzip.js';
import { ARCHIVE_SUFFIX, SUMMARY_SUFFIX, backupIdOf } from './names.js';
import { type S3Place, asked, isNoSuchObject } from './s3-place.js';

/** See `S3Destination`. Resolves with the keys of what was removed, each once, sorted. */
export async function clearLeftovers(place: S3Place): Promise<string[]> {
  const removed = new Set([...(await abortUploads(place)), ...(await removeArchives(place))]);
  return [...removed].sort();
}

async function abortUploads(place: S3Place): Promise<string[]> {
  const { store, bucket, prefix, signal } = place;
  const uploads = await asked(place, store.listMultipartUploads(bucket, prefix, { signal }));
  const ours = uploads.filter(({ key }) => archiveIdOf(place, key) !== undefined);
  for (const { key, uploadId } of ours) {
    await asked(place, store.abortMultipartUpload(bucket, key, uploadId, { signal }));
  }
  return ours.map(({ key }) => key);
}

async function removeArchives(place: S3Place): Promise<string[]> {
  const { store, bucket, signal } = place;
  const keys = await keysOf(place);
  const removed: string[] = [];
  for (const key of keys) {
    const id = archiveIdOf(place, key);
    if (id === undefined || keys.has(place.prefix + id + SUMMARY_SUFFIX)) continue;
    // One that backup-minio.sh made has no summary either, and is a backup.
    if (!(await isOurs(place, key))) continue;
    await asked(place, store.deleteObject(bucket, key, { signal }));
    removed.push(key);
  }
  return removed;
}

async function keysOf(place: S3Place): Promise<Set<string>> {
  const { store, bucket, prefix, signal } = place;
  const list = async (): Promise<Set<string>> => {
    const keys = new Set<string>();
    for await (const page of store.listObjects(bucket, { prefix, signal })) {
      for (const { key } of page) keys.add(key);
    }
    return keys;
  };
  return await asked(place, list());
}

/** The id of an archive right under the prefix. */
function archiveIdOf({ prefix }: S3Place, key: string): string | undefined {
  if (!key.startsWith(prefix) || !key.endsWith(ARCHIVE_SUFFIX)) return undefined;
  return backupIdOf(key.slice(prefix.length));
}

/** True where the first gzip member tells its length in our extra field. */
async function isOurs(place: S3Place, key: string): Promise<boolean> {
  const { store, bucket, signal } = place;
  const read = async (): Promise<Buffer> => {
    const range = { start: 0, end: MEMBER_HEADER_BYTES };
    const { body } = await store.getObject(bucket, key, { range, signal });
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  try {
    return decodeMemberHeader(await asked(place, read())) !== undefined;
  } catch (error) {
    // Empty, or removed since the listing.
    if (isNoSuchObject(error)) return false;
    throw error;
  }
}
