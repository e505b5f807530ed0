import { Client } from 'minio';
import {
  BUCKET_DOCUMENTS,
  type BucketDocumentKind,
} from '../../src/object-store/bucket-documents.js';
import { md5Header } from '../../src/object-store/s3/request-body.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { isMangamotionError } from '../../src/errors.js';
import { testStoreOptions } from './test-store.js';

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** A policy of the bucket. No list in it has two members: MinIO gives those in any order. */
export function policyOf(bucket: string): string {
  const statements = [
    ['ListBucket', bucket],
    ['GetObject', `${bucket}/*`],
  ].map(
    ([action = '', resource = '']) =>
      `{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:${action}"], "Resource": ["arn:aws:s3:::${resource}"]}`,
  );
  return `{"Version": "2012-10-17",\n "Statement": [${statements.join(', ')}]}`;
}

/** One of each that a server with nothing around it (no keys, no topics, no peers) could take. */
function samplesFor(bucket: string): Partial<Record<BucketDocumentKind, string>> {
  return {
    policy: policyOf(bucket),
    lifecycle: `<LifecycleConfiguration ${XMLNS}><Rule><ID>tidy &amp; clean é</ID><Filter><Prefix>tmp/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`,
    versioning: `<VersioningConfiguration ${XMLNS}><Status>Enabled</Status></VersioningConfiguration>`,
    tagging: `<Tagging ${XMLNS}><TagSet><Tag><Key>team</Key><Value>manga motion</Value></Tag></TagSet></Tagging>`,
    encryption: `<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
    cors: `<CORSConfiguration ${XMLNS}><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://manga.example</AllowedOrigin></CORSRule></CORSConfiguration>`,
  };
}

/** Sets every document that the server takes; which these are. */
export async function setDocuments(
  store: ObjectStore,
  bucket: string,
): Promise<BucketDocumentKind[]> {
  const taken: BucketDocumentKind[] = [];
  const samples = samplesFor(bucket);
  for (const { kind } of BUCKET_DOCUMENTS) {
    const sample = samples[kind];
    if (sample === undefined) continue;
    try {
      await store.writeBucketDocument(bucket, kind, Buffer.from(sample));
      taken.push(kind);
    } catch (error) {
      if (!isMangamotionError(error, 'refused')) throw error;
    }
  }
  return taken;
}

/** All documents of a bucket as the server returns them: text, or the state. */
export async function documentsOf(
  store: ObjectStore,
  bucket: string,
): Promise<Record<string, string>> {
  const documents: Record<string, string> = {};
  for (const { kind } of BUCKET_DOCUMENTS) {
    const document = await store.readBucketDocument(bucket, kind);
    documents[kind] = document.state === 'captured' ? document.content.toString() : document.state;
  }
  return documents;
}

const HOLD_OFF = '<LegalHold><Status>OFF</Status></LegalHold>';

/** Deletes a bucket with all versions of all objects, whatever holds them but COMPLIANCE. */
export async function removeVersions(store: ObjectStore, bucket: string): Promise<void> {
  const { endpoint, port, useTls, accessKey, secretKey } = testStoreOptions();
  const client = new Client({ endPoint: endpoint, port, useSSL: useTls, accessKey, secretKey });
  const locked = (await store.readBucketDocument(bucket, 'object-lock')).state === 'captured';
  const versions = await client.listObjects(bucket, '', true, { IncludeVersion: true }).toArray();
  for (const { name, versionId, isDeleteMarker } of versions as Version[]) {
    if (locked && !isDeleteMarker) {
      const query = `legal-hold&versionId=${encodeURIComponent(versionId)}`;
      const request = { bucketName: bucket, objectName: name, query, headers: md5Header(HOLD_OFF) };
      await client.makeRequestAsyncOmit({ method: 'PUT', ...request }, HOLD_OFF);
    }
    await client.removeObject(bucket, name, { versionId, governanceBypass: locked });
  }
  await client.removeBucket(bucket);
}

interface Version {
  name: string;
  versionId: string;
  isDeleteMarker: boolean;
}
