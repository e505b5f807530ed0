import { createHash } from 'node:crypto';
import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError } from '../../errors.js';
import type { UploadedPart } from '../../object-store/port.js';
import type { ObjectStore, StoredObject, UploadOptions } from '../../object-store/port.js';

/** Few attempts to abort an upload, because the target may be what failed. */
const ABORT_ATTEMPTS = 2;

/**
 * Uploads an object in parts. It is completed only if the SHA-256 of the whole object matches. An
 * upload that fails is aborted, so that it takes no space.
 */
export async function uploadInParts(
  store: ObjectStore,
  bucket: string,
  line: IndexLine,
  { content, partBytes, partsAtOnce = 1 }: ContentInParts,
  options: UploadOptions,
): Promise<StoredObject> {
  const { signal } = options;
  const uploadId = await store.createMultipartUpload(bucket, line.key, options);
  const stopped = new AbortController();
  const whileWanted = AbortSignal.any([stopped.signal, ...(signal === undefined ? [] : [signal])]);
  const uploads: Promise<UploadedPart>[] = [];
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunks of inParts(content, partBytes)) {
      for (const chunk of chunks) hash.update(chunk);
      const part = describePart(chunks);
      sizeBytes += part.sizeBytes;
      if (sizeBytes > line.size) break;
      const partNumber = uploads.length + 1;
      const upload = store
        .uploadPart(bucket, line.key, uploadId, partNumber, part, { signal: whileWanted })
        .then((etag) => ({ partNumber, etag }));
      // Its failure is seen when its turn comes; until then it must not count as unhandled.
      upload.catch(() => undefined);
      uploads.push(upload);
      await uploads[uploads.length - partsAtOnce];
    }
    const parts = await Promise.all(uploads);
    if (sizeBytes !== line.size || hash.digest('hex') !== line.sha256) throw notWhatWasBackedUp();
    return await store.completeMultipartUpload(bucket, line.key, uploadId, parts, { signal });
  } catch (error) {
    stopped.abort();
    // A part that arrived after the upload was aborted would take space for ever.
    await Promise.allSettled(uploads);
    await abort(store, bucket, line.key, uploadId);
    throw error;
  }
}

export interface ContentInParts {
  content: AsyncIterable<Buffer>;
  partBytes: number;
  /** The parts that are uploaded at once, and held in memory; 1 by default. */
  partsAtOnce?: number;
}

export function notWhatWasBackedUp(): MangamotionError {
  return new MangamotionError(
    'damaged',
    'its bytes in the archive are not those that were backed up',
  );
}

/** Aborts without the signal, which may be the reason for it. */
async function abort(
  store: ObjectStore,
  bucket: string,
  key: string,
  uploadId: string,
): Promise<void> {
  try {
    await store.abortMultipartUpload(bucket, key, uploadId, { attempts: ABORT_ATTEMPTS });
  } catch {
    // The error that caused the abort is reported.
  }
}

function describePart(chunks: readonly Buffer[]) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sizeBytes, sha256: hash.digest('hex'), open: () => chunks };
}

/** Yields the content in parts of exactly `partBytes`; the last one may be shorter. */
async function* inParts(
  content: AsyncIterable<Buffer>,
  partBytes: number,
): AsyncGenerator<Buffer[]> {
  let part: Buffer[] = [];
  let room = partBytes;
  for await (let chunk of content) {
    while (chunk.length >= room) {
      part.push(chunk.subarray(0, room));
      chunk = chunk.subarray(room);
      yield part;
      part = [];
      room = partBytes;
    }
    if (chunk.length === 0) continue;
    part.push(chunk);
    room -= chunk.length;
  }
  if (part.length > 0) yield part;
}
