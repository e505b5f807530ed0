import { tagsDocument } from '../wire/bucket-xml.js';
import { percentEncode } from '../wire/header-text.js';
import type { ObjectAttributes, ObjectLock } from '../../object-attributes.js';
import { legalHoldDocument, retentionDocument } from '../wire/object-lock.js';
import { headObject } from './object-requests.js';
import type { RequestOptions, StoredObject } from '../../port.js';
import { bodyOf, md5Header } from '../request-body.js';
import type { S3Requests } from '../s3-requests.js';

/** Ceph takes them with the creation of an upload, and has forgotten them when it is completed. */
export type ForgettableAttributes = Partial<Pick<ObjectAttributes, 'tags'> & ObjectLock>;

/** Gives the object those of the attributes that it lacks. A server that keeps them is only asked. */
export async function restoreForgotten(
  requests: S3Requests,
  { bucket, key, etag, versionId }: StoredObject & { bucket: string; key: string },
  { tags = [], retention = null, legalHold = false }: ForgettableAttributes,
  { signal }: RequestOptions,
): Promise<void> {
  if (tags.length === 0 && retention === null && !legalHold) return;
  const head = await headObject(requests, bucket, key, { signal });
  // Somebody has replaced the object: what it has now is not ours to change.
  if (head.etag !== etag) return;
  const set = (subresource: string, document: string): Promise<void> => {
    const version = versionId === null ? '' : `&versionId=${percentEncode(versionId)}`;
    const query = subresource + version;
    const headers = { 'content-type': 'application/xml', ...md5Header(document) };
    const body = bodyOf(document);
    return requests.omit({ method: 'PUT', bucket, key, query, headers, body, signal });
  };
  if (head.tagCount !== tags.length) await set('tagging', tagsDocument(tags));
  if (retention !== null && head.retention === null) {
    await set('retention', retentionDocument(retention));
  }
  if (legalHold && !head.legalHold) await set('legal-hold', legalHoldDocument());
}
