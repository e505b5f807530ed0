import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside } from '../../../src/drill/confined.js';
import { rehearsalPlaceOf } from '../../../src/drill/clear-rehearsal.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { BucketPlace } from '../../../src/repository/backup-files.js';

/** A drill may destroy what is in its place, and nothing else. */

const RUN = 'ab'.repeat(10);
const PREFIX = `backups/.mangamotion-drill-ransom/${RUN}/`;
const BACKUP = 'minio_backup_full_20240101_000000.tar.gz';

/** A store that notes every call of a method. */
function recording(): { store: ObjectStore; calls: string[] } {
  const calls: string[] = [];
  const store = new Proxy({} as ObjectStore, {
    get: (_, name) =>
      name === 'endpoint'
        ? 'http://127.0.0.1:1'
        : () => {
            calls.push(String(name));
            return Promise.resolve([]);
          },
  });
  return { store, calls };
}

function confined() {
  const { store, calls } = recording();
  const destination: BucketPlace = {
    ...{ url: 's3://bucket/backups', bucket: 'bucket', prefix: 'backups/', store },
    signal: new AbortController().signal,
  };
  return { place: rehearsalPlaceOf(destination, { run: RUN }), calls };
}

const content = { sizeBytes: 0, sha256: '', open: () => [] };
const retention = { mode: 'GOVERNANCE', until: '2024-01-01T00:00:00.000Z' } as const;

/** Every method of the port that changes an object. */
const CHANGES: Record<
  string,
  (store: ObjectStore, bucket: string, key: string) => Promise<unknown>
> = {
  putObject: (store, bucket, key) => store.putObject(bucket, key, content),
  copyObject: (store, bucket, key) =>
    store.copyObject({ bucket: 'bucket', key: `backups/${BACKUP}`, etag: 'e' }, bucket, key),
  copyPart: (store, bucket, key) =>
    store.copyPart(
      { bucket, key, uploadId: 'u', partNumber: 1 },
      { bucket: 'bucket', key: `backups/${BACKUP}`, etag: 'e' },
      { start: 0, end: 1 },
    ),
  deleteObject: (store, bucket, key) => store.deleteObject(bucket, key),
  deleteObjects: (store, bucket, key) => store.deleteObjects(bucket, [`${PREFIX}a`, key]),
  deleteVersion: (store, bucket, key) => store.deleteVersion(bucket, { key, versionId: 'v' }),
  deleteVersionInBulk: (store, bucket, key) =>
    store.deleteVersionInBulk(bucket, { key, versionId: 'v' }),
  putRetention: (store, bucket, key) => store.putRetention(bucket, key, retention),
  putObjectAcl: (store, bucket, key) => store.putObjectAcl(bucket, key, ''),
  createMultipartUpload: (store, bucket, key) => store.createMultipartUpload(bucket, key),
  uploadPart: (store, bucket, key) => store.uploadPart(bucket, key, 'u', 1, content),
  completeMultipartUpload: (store, bucket, key) =>
    store.completeMultipartUpload(bucket, key, 'u', []),
  abortMultipartUpload: (store, bucket, key) => store.abortMultipartUpload(bucket, key, 'u'),
};
const OF_BUCKETS: Record<string, (store: ObjectStore) => Promise<unknown>> = {
  createBucket: (store) => store.createBucket('bucket'),
  deleteBucket: (store) => store.deleteBucket('bucket'),
  writeBucketDocument: (store) =>
    store.writeBucketDocument('bucket', 'versioning', content.open as never),
};
const READS = [
  ...['bucketExists', 'bucketRegion', 'getObject', 'getObjectAcl', 'getObjectLock'],
  ...['getObjectTags', 'getRetention', 'headObject', 'listBuckets', 'listMultipartUploads'],
  ...['listObjects', 'listPage', 'listParts', 'listVersionPage', 'listVersions'],
  ...['readBucketDocument', 'readObject'],
];

const OUTSIDE = [
  '',
  BACKUP,
  `backups/${BACKUP}`,
  'backups/.mangamotion-drill-ransom/',
  `backups/.mangamotion-drill-ransom/${'cd'.repeat(10)}/${BACKUP}`,
  `.mangamotion-drill-ransom/${RUN}/${BACKUP}`,
  PREFIX,
  PREFIX.slice(0, -1),
  `${PREFIX.slice(0, -1)}x`,
  `${PREFIX}../../${BACKUP}`,
  `${PREFIX}./${BACKUP}`,
  `${PREFIX}a//b`,
  `/${PREFIX}a`,
  PREFIX.toUpperCase() + BACKUP,
];

describe('the place of a ransom drill', () => {
  it('knows every method of the store', () => {
    const { place } = confined();
    const known = [...Object.keys(CHANGES), ...Object.keys(OF_BUCKETS), ...READS];
    const all = Object.keys(place.store).filter(
      (name) => !['endpoint', 'clockAheadMs', 'close'].includes(name),
    );
    expect(all.sort()).toEqual(known.sort());
  });

  it.each(Object.entries(CHANGES))('%s changes nothing outside of it', async (name, change) => {
    const { place, calls } = confined();
    for (const key of OUTSIDE) {
      await expect(change(place.store, 'bucket', key), key).rejects.toMatchObject({
        code: 'refused',
      });
    }
    const inside = PREFIX + BACKUP;
    const other = change(place.store, 'other', inside);
    await expect(other).rejects.toMatchObject({ code: 'refused' });
    expect(calls).toEqual([]);
    await change(place.store, 'bucket', inside);
    expect(calls).toEqual([name]);
  });

  it.each(Object.entries(OF_BUCKETS))('%s is always refused', async (_, change) => {
    const { place, calls } = confined();
    await expect(change(place.store)).rejects.toMatchObject({ code: 'refused' });
    expect(calls).toEqual([]);
  });

  it('is exactly what lies below its prefix', async () => {
    const segment = fc.stringMatching(/^[a-zA-Z0-9._-]{1,8}$/);
    const path = fc.array(fc.oneof(segment, fc.constantFrom('', '.', '..')), { maxLength: 5 });
    const begin = fc.constantFrom('', 'backups/', PREFIX, PREFIX.slice(0, -1), PREFIX.slice(1));
    await fc.assert(
      fc.asyncProperty(
        begin,
        path,
        fc.constantFrom('bucket', 'other'),
        async (first, rest, bucket) => {
          const key = first + rest.join('/');
          const { place, calls } = confined();
          const below = key.startsWith(PREFIX) ? key.slice(PREFIX.length).split('/') : [''];
          const isBelow = below.every((part) => part !== '' && part !== '.' && part !== '..');
          expect(isInside(place, key)).toBe(isBelow);
          for (const change of Object.values(CHANGES)) {
            await change(place.store, bucket, key).catch(() => undefined);
          }
          const reaches = isBelow && bucket === 'bucket';
          expect(calls).toHaveLength(reaches ? Object.keys(CHANGES).length : 0);
        },
      ),
    );
  });

  it('is nowhere without a prefix of its own', () => {
    expect(isInside({ prefix: '' }, 'a')).toBe(false);
    expect(isInside({ prefix: 'a' }, 'ab')).toBe(false);
  });
});
