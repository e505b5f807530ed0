import { MangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import type { BucketPlace } from '../repository/backup-files.js';

/** A drill attacks a copy of a backup beside the backups, with keys that may destroy them. */

/** Whether a key lies in the place of a drill, and has no segments that lead out of it. */
export function isInside({ prefix }: Pick<BucketPlace, 'prefix'>, key: string): boolean {
  if (prefix === '' || !prefix.endsWith('/') || !key.startsWith(prefix)) return false;
  const segments = key.slice(prefix.length).split('/');
  // Some servers resolve such segments as those of a path.
  return segments.every((segment) => !['', '.', '..'].includes(segment));
}

/**
 * Returns a store that reads everything, and writes and deletes only below the prefix of the place.
 * Every other change rejects with `refused` before a request is sent: of the bucket itself, too.
 */
export function confinedTo(place: BucketPlace): ObjectStore {
  const { store } = place;

  /** Every request that changes something passes here. */
  function inside<T>(bucket: string, key: string, send: () => Promise<T>): Promise<T> {
    if (bucket === place.bucket && isInside(place, key)) return send();
    return refuse(`${bucket}/${key}`);
  }

  function refuse(what: string): Promise<never> {
    const message = `${what} is outside of ${place.url}, where this drill is: it is not changed`;
    return Promise.reject(new MangamotionError('refused', message));
  }

  return {
    endpoint: store.endpoint,
    clockAheadMs: () => store.clockAheadMs?.(),
    listBuckets: (options) => store.listBuckets(options),
    bucketExists: (bucket, options) => store.bucketExists(bucket, options),
    bucketRegion: (bucket, options) => store.bucketRegion(bucket, options),
    readBucketDocument: (bucket, kind, options) => store.readBucketDocument(bucket, kind, options),
    listPage: (bucket, options) => store.listPage(bucket, options),
    listObjects: (bucket, options) => store.listObjects(bucket, options),
    headObject: (bucket, key, options) => store.headObject(bucket, key, options),
    getObject: (bucket, key, options) => store.getObject(bucket, key, options),
    readObject: (bucket, key, options) => store.readObject(bucket, key, options),
    listVersionPage: (bucket, options) => store.listVersionPage(bucket, options),
    listVersions: (bucket, prefix, options) => store.listVersions(bucket, prefix, options),
    getObjectTags: (bucket, key, options) => store.getObjectTags(bucket, key, options),
    getObjectLock: (bucket, key, options) => store.getObjectLock(bucket, key, options),
    getRetention: (bucket, key, options) => store.getRetention(bucket, key, options),
    getObjectAcl: (bucket, key, options) => store.getObjectAcl(bucket, key, options),
    listParts: (bucket, key, uploadId, options) => store.listParts(bucket, key, uploadId, options),
    listMultipartUploads: (bucket, prefix, options) =>
      store.listMultipartUploads(bucket, prefix, options),

    createBucket: (bucket) => refuse(`the bucket ${bucket}`),
    deleteBucket: (bucket) => refuse(`the bucket ${bucket}`),
    writeBucketDocument: (bucket, kind) => refuse(`${kind} of the bucket ${bucket}`),
    putObject: (bucket, key, content, options) =>
      inside(bucket, key, () => store.putObject(bucket, key, content, options)),
    copyObject: (source, bucket, key, options) =>
      inside(bucket, key, () => store.copyObject(source, bucket, key, options)),
    copyPart: (upload, source, range, options) =>
      inside(upload.bucket, upload.key, () => store.copyPart(upload, source, range, options)),
    deleteObject: (bucket, key, options) =>
      inside(bucket, key, () => store.deleteObject(bucket, key, options)),
    deleteObjects: (bucket, keys, options) => {
      const outside = keys.find((key) => bucket !== place.bucket || !isInside(place, key));
      if (outside !== undefined) return refuse(`${bucket}/${outside}`);
      return store.deleteObjects(bucket, keys, options);
    },
    deleteVersion: (bucket, version, options) =>
      inside(bucket, version.key, () => store.deleteVersion(bucket, version, options)),
    deleteVersionInBulk: (bucket, version, options) =>
      inside(bucket, version.key, () => store.deleteVersionInBulk(bucket, version, options)),
    putRetention: (bucket, key, retention, options) =>
      inside(bucket, key, () => store.putRetention(bucket, key, retention, options)),
    putObjectAcl: (bucket, key, acl, options) =>
      inside(bucket, key, () => store.putObjectAcl(bucket, key, acl, options)),
    createMultipartUpload: (bucket, key, options) =>
      inside(bucket, key, () => store.createMultipartUpload(bucket, key, options)),
    uploadPart: (bucket, key, uploadId, part, content, options) =>
      inside(bucket, key, () => store.uploadPart(bucket, key, uploadId, part, content, options)),
    completeMultipartUpload: (bucket, key, uploadId, parts, options) =>
      inside(bucket, key, () =>
        store.completeMultipartUpload(bucket, key, uploadId, parts, options),
      ),
    abortMultipartUpload: (bucket, key, uploadId, options) =>
      inside(bucket, key, () => store.abortMultipartUpload(bucket, key, uploadId, options)),
    // It belongs to the destination.
    close: () => undefined,
  };
}
