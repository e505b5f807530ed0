import { Backoff, retrying, type RetryPolicy } from './backoff.js';
import { eachObjectPage } from '../s3/requests/list-requests.js';
import type { MultipartUploads } from '../port.js';
import { deleteWithRetries } from './retrying-delete.js';
import { putWithRetries } from './retrying-put.js';
import type { GetOptions, ObjectStore, OpenObject, RequestOptions } from '../port.js';
import { ResumingBody } from './resuming-body.js';

export type { Retry, RetryPolicy } from './backoff.js';
export {
  isObjectChanged,
  isObjectInTheWay,
  isUnexpectedAnswer,
  whyUnreadable,
} from '../store-errors.js';

/**
 * Wraps a store with retries. A request that fails as `unreachable` is repeated after a growing
 * delay, and a broken body is resumed at the byte where it broke. A refusal or a missing object is
 * not retried. The final error keeps the last failure's cause.
 *
 * A body whose object was replaced cannot resume. It fails with an error for which
 * `isObjectChanged` is true, and the caller starts over.
 */
export function withRetries(store: ObjectStore, policy: RetryPolicy = {}): ObjectStore {
  const retried: Retried = (options, work) =>
    retrying(policyFor(policy, options), options?.signal, work);
  const listPage: ObjectStore['listPage'] = (bucket, options) =>
    retried(options, () => store.listPage(bucket, options));
  return {
    endpoint: store.endpoint,
    readers: store.readers ?? 0,
    clockAheadMs: () => store.clockAheadMs?.(),
    listBuckets: (options) => retried(options, () => store.listBuckets(options)),
    bucketExists: (bucket, options) => retried(options, () => store.bucketExists(bucket, options)),
    bucketRegion: (bucket, options) => retried(options, () => store.bucketRegion(bucket, options)),
    createBucket: (bucket, options) => retried(options, () => store.createBucket(bucket, options)),
    deleteBucket: (bucket, options) => retried(options, () => store.deleteBucket(bucket, options)),
    readBucketDocument: (bucket, kind, options) =>
      retried(options, () => store.readBucketDocument(bucket, kind, options)),
    writeBucketDocument: (bucket, kind, content, options) =>
      retried(options, () => store.writeBucketDocument(bucket, kind, content, options)),
    listPage,
    listObjects: (bucket, options) =>
      eachObjectPage({ endpoint: store.endpoint, listPage }, bucket, options),
    headObject: (bucket, key, options) =>
      retried(options, () => store.headObject(bucket, key, options)),
    getObject: (bucket, key, options) =>
      getObject(store, policyFor(policy, options), bucket, key, options),
    readObject: (bucket, key, options) =>
      retried(options, () => store.readObject(bucket, key, options)),
    putObject: (bucket, key, content, options) =>
      putWithRetries(store, policyFor(policy, options), bucket, key, content, options),
    copyObject: (source, bucket, key, options) =>
      retried(options, () => store.copyObject(source, bucket, key, options)),
    deleteObject: (bucket, key, options) =>
      retried(options, () => store.deleteObject(bucket, key, options)),
    deleteObjects: (bucket, keys, options) =>
      deleteWithRetries(store, policyFor(policy, options), bucket, keys, options),
    listVersionPage: (bucket, options) =>
      retried(options, () => store.listVersionPage(bucket, options)),
    listVersions: (bucket, prefix, options) =>
      retried(options, () => store.listVersions(bucket, prefix, options)),
    deleteVersion: (bucket, version, options) =>
      retried(options, () => store.deleteVersion(bucket, version, options)),
    deleteVersionInBulk: (bucket, version, options) =>
      retried(options, () => store.deleteVersionInBulk(bucket, version, options)),
    getObjectTags: (bucket, key, options) =>
      retried(options, () => store.getObjectTags(bucket, key, options)),
    getObjectLock: (bucket, key, options) =>
      retried(options, () => store.getObjectLock(bucket, key, options)),
    getRetention: (bucket, key, options) =>
      retried(options, () => store.getRetention(bucket, key, options)),
    putRetention: (bucket, key, retention, options) =>
      retried(options, () => store.putRetention(bucket, key, retention, options)),
    getObjectAcl: (bucket, key, options) =>
      retried(options, () => store.getObjectAcl(bucket, key, options)),
    putObjectAcl: (bucket, key, acl, options) =>
      retried(options, () => store.putObjectAcl(bucket, key, acl, options)),
    ...retriedUploads(store, retried),
    close: () => store.close(),
  };
}

type Retried = <T>(options: RequestOptions | undefined, work: () => Promise<T>) => Promise<T>;

function retriedUploads(store: ObjectStore, retried: Retried): MultipartUploads {
  return {
    createMultipartUpload: (bucket, key, options) =>
      retried(options, () => store.createMultipartUpload(bucket, key, options)),
    uploadPart: (bucket, key, uploadId, partNumber, content, options) =>
      retried(options, () => store.uploadPart(bucket, key, uploadId, partNumber, content, options)),
    copyPart: (upload, source, range, options) =>
      retried(options, () => store.copyPart(upload, source, range, options)),
    listParts: (bucket, key, uploadId, options) =>
      retried(options, () => store.listParts(bucket, key, uploadId, options)),
    completeMultipartUpload: (bucket, key, uploadId, parts, options) =>
      retried(options, () => store.completeMultipartUpload(bucket, key, uploadId, parts, options)),
    abortMultipartUpload: (bucket, key, uploadId, options) =>
      retried(options, () => store.abortMultipartUpload(bucket, key, uploadId, options)),
    listMultipartUploads: (bucket, prefix, options) =>
      retried(options, () => store.listMultipartUploads(bucket, prefix, options)),
  };
}

function policyFor(policy: RetryPolicy, options: RequestOptions | undefined): RetryPolicy {
  return options?.attempts === undefined ? policy : { ...policy, attempts: options.attempts };
}

async function getObject(
  store: ObjectStore,
  policy: RetryPolicy,
  bucket: string,
  key: string,
  options: GetOptions = {},
): Promise<OpenObject> {
  const { range, signal, versionId } = options;
  const { head, body } = await retrying(policy, signal, () =>
    store.getObject(bucket, key, options),
  );
  // Without an ETag it is unknown whether the rest belongs to the same object.
  if (head.etag === '') return { head, body };
  const reopen = async (offset: number) => {
    const rest = { ...range, start: (range?.start ?? 0) + offset };
    const same = { range: rest, ifMatch: head.etag, versionId };
    const again = await store.getObject(bucket, key, { signal, ...same });
    return again.body;
  };
  const backoff = (): Backoff => new Backoff(policy, signal);
  const sizeBytes = Math.min(range?.end ?? Infinity, head.sizeBytes) - (range?.start ?? 0);
  return { head, body: new ResumingBody({ first: body, sizeBytes, reopen, backoff }) };
}
