import { Client } from 'minio';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { md5Header } from '../../../src/object-store/s3/request-body.js';
import { freshBucketName, testStoreOptions } from '../../helpers/test-store.js';

const HOLD_OFF = '<LegalHold><Status>OFF</Status></LegalHold>';

/** A new bucket with object lock. Remove it with `removeLockedBucket`. */
export async function freshLockedBucket(store: ObjectStore): Promise<string> {
  const bucket = freshBucketName();
  await store.createBucket(bucket, { objectLock: true });
  return bucket;
}

/** Deletes the bucket with all versions of all objects, as soon as their locks let go of them. */
export async function removeLockedBucket(bucket: string): Promise<void> {
  const { endpoint, port, useTls, accessKey, secretKey } = testStoreOptions();
  const client = new Client({ endPoint: endpoint, port, useSSL: useTls, accessKey, secretKey });
  const headers = md5Header(HOLD_OFF);
  for (const { name, versionId, isDeleteMarker } of await versionsOf(client, bucket)) {
    if (!isDeleteMarker) {
      const query = `legal-hold&versionId=${encodeURIComponent(versionId)}`;
      const request = { ...{ bucketName: bucket, objectName: name, query }, headers };
      await client.makeRequestAsyncOmit({ method: 'PUT', ...request }, HOLD_OFF);
    }
    await untilItWorks(() =>
      client.removeObject(bucket, name, { versionId, governanceBypass: true }),
    );
  }
  await client.removeBucket(bucket);
}

interface Version {
  name: string;
  versionId: string;
  isDeleteMarker: boolean;
}

async function versionsOf(client: Client, bucket: string): Promise<Version[]> {
  const listed = client.listObjects(bucket, '', true, { IncludeVersion: true });
  return (await listed.toArray()) as Version[];
}

/** A retention in the mode COMPLIANCE, which only time ends. */
async function untilItWorks(work: () => Promise<unknown>): Promise<void> {
  for (let attemptsLeft = 100; ; attemptsLeft -= 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (attemptsLeft === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
