import { countOf, formatCount } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectHead, UploadedPart } from '../../object-store/port.js';
import { s3CodeOf, whyUnreadable } from '../../object-store/store-errors.js';
import type { BucketPlace } from '../backup-files.js';
import { withPlaceErrors } from '../s3/s3-place.js';
import { partRanges } from '../s3/s3-upload-sink.js';

/** Copies archives from one bucket to another of the same server, without passing through this host. */

/** The largest object that CopyObject takes. */
const LARGEST_WHOLE_BYTES = 5 * 1024 ** 3;
const PARTS_AT_ONCE = 8;
const MD5 = /^[0-9a-f]{32}$/;
const MD5_OF_PARTS = /^[0-9a-f]{32}-(\d+)$/;

/**
 * The refusals after which the bytes are sent through this host instead, by S3 error code. Streaming
 * uses the keys of each side for that side alone, and no request that a simple server may lack.
 */
const STREAM_INSTEAD: Readonly<Record<string, string>> = {
  AccessDenied: 'the keys of the target may not read the source',
  NoSuchBucket: 'the keys of the target do not see the bucket of the source',
  NoSuchKey: 'the keys of the target do not see the source',
  NotImplemented: 'the server does not copy by itself',
  MethodNotAllowed: 'the server does not copy by itself',
};

/** Returns why the server refused to copy where streaming may succeed; `undefined` for other errors. */
export function whyStreamed(error: unknown): string | undefined {
  if (!(error instanceof MangamotionError)) return undefined;
  const operation = error.request?.operation ?? '';
  if (operation !== 'CopyObject' && operation !== 'UploadPartCopy') return undefined;
  const code = s3CodeOf(error);
  return Object.hasOwn(STREAM_INSTEAD, code) ? STREAM_INSTEAD[code] : undefined;
}

/** Whether both are on one server, whose requests can name both. */
export function areOnOneServer(
  source: BucketPlace | undefined,
  target: BucketPlace | undefined,
): boolean {
  return source !== undefined && source.store.endpoint === target?.store.endpoint;
}

interface ServerCopy {
  source: BucketPlace;
  target: BucketPlace;
  /** `ID.tar.gz`. */
  name: string;
  sizeBytes: number;
  /** Copy in parts, whatever the source is: Ceph takes over the lock of an object that is copied whole. */
  withoutLock?: boolean;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

/**
 * Copies a file, and compares the copy with its source. Resolves to whether the ETags prove that they are
 * equal: both are made of the MD5 of the same parts. Otherwise only the length was compared, and the
 * caller has to read the copy.
 *
 * Rejects with `damaged` if the source or the copy does not have the length. What was copied may then
 * exist under its name.
 */
export async function copyOnServer(copy: ServerCopy): Promise<{ isProven: boolean }> {
  const { target, name, sizeBytes } = copy;
  const source = await headOf(copy.source, copy);
  if (source.sizeBytes !== sizeBytes) throw wrongLength(copy.source, copy, source.sizeBytes);
  const ranges = partRanges(sizeBytes);
  // Uploads of this program have these parts, so that parts alike give the same ETag.
  const hasOurParts = Number(MD5_OF_PARTS.exec(source.etag)?.[1]) === ranges.length;
  const inParts = hasOurParts || copy.withoutLock === true || sizeBytes > LARGEST_WHOLE_BYTES;
  await abortStrayUploads(copy);
  if (inParts) await copyParts(copy, source.etag, ranges);
  else await copyWhole(copy, source.etag);
  const copied = await headOf(target, copy);
  if (copied.sizeBytes !== sizeBytes) throw wrongLength(target, copy, copied.sizeBytes);
  copy.onBytes(inParts ? 0 : sizeBytes);
  // Some servers take the ETag of parts over to an object without parts: then it proves nothing.
  const isContent = hasOurParts || (source.etagIsMd5 && MD5.test(source.etag));
  return { isProven: isContent && copied.etag === source.etag };

  async function headOf(place: BucketPlace, { signal }: ServerCopy): Promise<ObjectHead> {
    const head = place.store.headObject(place.bucket, place.prefix + name, { signal });
    return await withPlaceErrors(place, head);
  }
}

function wrongLength(place: BucketPlace, copy: ServerCopy, foundBytes: number): MangamotionError {
  const { name, sizeBytes } = copy;
  return new MangamotionError(
    'damaged',
    `s3://${place.bucket}/${place.prefix}${name} has ${countOf(foundBytes, 'byte')} instead of ${formatCount(sizeBytes)}`,
    { hint: 'Run "mangamotion backup verify" on the backup.' },
  );
}

/** Aborts the uploads that interrupted copies left: parts that the server copied cannot be checked. */
async function abortStrayUploads({ target, name, signal }: ServerCopy): Promise<void> {
  const { store, bucket } = target;
  const key = target.prefix + name;
  const listed = store.listMultipartUploads(bucket, key, { signal });
  for (const upload of await withPlaceErrors(target, listed)) {
    if (upload.key !== key) continue;
    const aborted = store.abortMultipartUpload(bucket, key, upload.uploadId, { signal });
    await withPlaceErrors(target, aborted);
  }
}

async function copyWhole(copy: ServerCopy, etag: string): Promise<void> {
  const { source, target, name, signal } = copy;
  const from = { bucket: source.bucket, key: source.prefix + name, etag };
  const key = target.prefix + name;
  await answered(copy, target.store.copyObject(from, target.bucket, key, { signal }));
}

/** Awaits the answer to a copy. What the server cannot read is the source, not the target. */
async function answered<T>({ source, target, name }: ServerCopy, answer: Promise<T>): Promise<T> {
  return await withPlaceErrors(target, answer).catch((error: unknown) => {
    if (!isMangamotionError(error) || whyUnreadable(error) === undefined) throw error;
    const what = `s3://${source.bucket}/${source.prefix}${name} cannot be copied`;
    throw new MangamotionError(error.code, `${what}: ${error.message}`, {
      hint: error.hint,
      cause: error.cause,
      request: error.request,
    });
  });
}

async function copyParts(
  copy: ServerCopy,
  etag: string,
  ranges: readonly { start: number; end: number }[],
): Promise<void> {
  const { target, name } = copy;
  const { store, bucket } = target;
  const key = target.prefix + name;
  const begun = store.createMultipartUpload(bucket, key, { signal: copy.signal });
  const uploadId = await withPlaceErrors(target, begun);
  try {
    const parts = await copyRanges(copy, { etag, uploadId }, ranges);
    const completed = store.completeMultipartUpload(bucket, key, uploadId, parts);
    await withPlaceErrors(target, completed);
  } catch (error) {
    // An abort that fails hides nothing: the next run finds the upload.
    await store.abortMultipartUpload(bucket, key, uploadId).catch(() => undefined);
    throw error;
  }
}

/** Copies several parts at once. When one fails, it resolves after the others have ended. */
async function copyRanges(
  copy: ServerCopy,
  { etag, uploadId }: { etag: string; uploadId: string },
  ranges: readonly { start: number; end: number }[],
): Promise<UploadedPart[]> {
  const { source, target, name, signal, onBytes } = copy;
  const from = { bucket: source.bucket, key: source.prefix + name, etag };
  const upload = { bucket: target.bucket, key: target.prefix + name, uploadId };
  const failed = new AbortController();
  const options = { signal: AbortSignal.any([signal, failed.signal]) };
  const parts: UploadedPart[] = [];
  const queue = ranges.entries();
  const work = async (): Promise<void> => {
    for (const [index, range] of queue) {
      const partNumber = index + 1;
      const copied = target.store.copyPart({ ...upload, partNumber }, from, range, options);
      parts.push({ partNumber, etag: await answered(copy, copied) });
      onBytes(range.end - range.start);
    }
  };
  const workers = Array.from({ length: PARTS_AT_ONCE }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return parts;
}
