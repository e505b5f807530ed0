import type { Retention, RetentionOptions, VersionOptions } from '../../port.js';
import { s3CodeOf } from '../../store-errors.js';
import { bodyOf, md5Header } from '../request-body.js';
import type { S3Requests } from '../s3-requests.js';
import { bypassHeader, parseCertainRetention, retentionDocument } from '../wire/object-lock.js';
import { versionQuery } from './version-requests.js';

/** Reads and sets the retention of versions; see the port. */

/** The codes with which AWS and MinIO, and Ceph, say that a version has no retention. */
const WITHOUT_RETENTION = ['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError'];

export async function getRetention(
  requests: S3Requests,
  bucket: string,
  key: string,
  { versionId, signal }: VersionOptions,
): Promise<Retention | null> {
  const request = { method: 'GET', bucket, key, query: queryOf(versionId), signal } as const;
  try {
    const answer = await requests.document(request, parseCertainRetention, 'Retention');
    return answer.retention;
  } catch (error) {
    if (WITHOUT_RETENTION.includes(s3CodeOf(error))) return null;
    throw error;
  }
}

export async function putRetention(
  requests: S3Requests,
  bucket: string,
  key: string,
  retention: Retention | null,
  { versionId, signal, bypassGovernance }: RetentionOptions,
): Promise<void> {
  const document = retentionDocument(retention);
  const headers = {
    ...{ 'content-type': 'application/xml', ...md5Header(document) },
    ...bypassHeader(bypassGovernance),
  };
  const request = { method: 'PUT', bucket, key, query: queryOf(versionId), headers } as const;
  await requests.omit({ ...request, body: bodyOf(document), signal });
}

function queryOf(versionId: string | undefined): string {
  return ['retention', versionQuery(versionId)].filter((part) => part !== undefined).join('&');
}
