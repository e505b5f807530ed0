import type { IncomingHttpHeaders } from 'node:http';
import { isMangamotionError, MangamotionError } from '../../../errors.js';
import { plainEtag } from '../wire/header-text.js';
import { lockHeaders } from '../wire/object-lock.js';
import { attributeHeaders, checksumHeader } from '../wire/object-headers.js';
import type {
  ObjectAttributes,
  ObjectContent,
  ObjectLock,
  PutOptions,
  StoredObject,
} from '../../port.js';
import type { S3Request } from '../s3-client.js';
import type { S3Requests } from '../s3-requests.js';
import { isObjectChanged } from '../../store-errors.js';
import { openUpload } from '../upload.js';

/** Writes objects and parts of objects, with their SHA-256 in the signature; see the port. */

export async function putObject(
  requests: S3Requests,
  bucket: string,
  key: string,
  content: ObjectContent,
  { attributes = {}, ifAbsent = false, signal, urgent }: PutOptions,
): Promise<StoredObject> {
  const headers = {
    ...attributeHeaders(attributes),
    ...checksumOf(content, attributes),
    ...(ifAbsent ? { 'if-none-match': '*' } : {}),
  };
  try {
    const request = { ...{ bucket, key, headers, signal, urgent }, onlyOnce: ifAbsent };
    return await sendContent(requests, { method: 'PUT', ...request }, content);
  } catch (error) {
    // `ifAbsent` is the only condition in the request, so the object must exist.
    if (!(ifAbsent && isObjectChanged(error))) throw error;
    throw new MangamotionError('refused', `${bucket}/${key} already exists`, {
      cause: error instanceof Error ? error.cause : undefined,
      request: isMangamotionError(error) ? error.request : undefined,
    });
  }
}

/** Sends the content. Nothing is committed if it does not match its announced length and digest. */
export async function sendContent(
  requests: S3Requests,
  request: S3Request,
  content: ObjectContent,
): Promise<StoredObject> {
  const { body, failure } = await openUpload(content);
  const { md5 } = content;
  const headers = md5 === undefined ? request.headers : { ...request.headers, 'content-md5': md5 };
  const response = await requests.send({ ...request, headers, body }, failure);
  response.resume();
  return storedObject(response.headers);
}

export function storedObject(headers: IncomingHttpHeaders): StoredObject {
  const version = headers['x-amz-version-id'];
  return {
    etag: plainEtag(headers.etag ?? ''),
    versionId: typeof version === 'string' ? version : null,
  };
}

/** AWS requires exactly one checksum header for a locked object. */
function checksumOf(
  { sha256 }: ObjectContent,
  attributes: Partial<ObjectAttributes & ObjectLock>,
): Record<string, string> {
  const kept = checksumHeader(attributes.checksums);
  if (Object.keys(kept).length > 0) return kept;
  if (Object.keys(lockHeaders(attributes)).length === 0) return {};
  return { 'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64') };
}
