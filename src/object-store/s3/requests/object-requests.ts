import { countOf } from '../../../count-of.js';
import type { IncomingMessage } from 'node:http';
import { parseTags } from '../wire/bucket-xml.js';
import { bodyOf, md5Header } from '../request-body.js';
import { parseLegalHold, parseRetention } from '../wire/object-lock.js';
import type {
  GetOptions,
  HeadOptions,
  ObjectHead,
  ObjectLock,
  OpenObject,
  ReadObject,
  ReadOptions,
  RequestOptions,
  Tag,
} from '../../port.js';
import { ofLength, translateFailure } from '../response-body.js';
import { CHECKSUM_MODE, type S3Request } from '../s3-client.js';
import type { S3Requests } from '../s3-requests.js';
import { notS3, s3CodeOf } from '../../store-errors.js';
import { parseXml } from '../wire/xml.js';
import { versionQuery } from './version-requests.js';

/** Reads objects and their attributes, and deletes them; see the port. */

/** Without this header some servers compress or decompress objects in transit. */
const AS_STORED = { 'accept-encoding': 'identity' };
const WHOLE = { ...AS_STORED, ...CHECKSUM_MODE };

export async function headObject(
  requests: S3Requests,
  bucket: string,
  key: string,
  { expectedBytes, versionId, signal }: HeadOptions,
): Promise<ObjectHead> {
  const query = versionQuery(versionId);
  const request = { method: 'HEAD', bucket, key, query, headers: WHOLE, signal } as const;
  const response = await requests.send(request);
  response.resume();
  const head = requests.head(response, request, expectedBytes);
  checkVersion(requests, head, versionId, request);
  return head;
}

export async function getObject(
  requests: S3Requests,
  bucket: string,
  key: string,
  { range, ifMatch, expectedBytes, versionId, signal }: GetOptions,
): Promise<OpenObject> {
  // The checksum in the answer to a range request is not that of the object.
  const headers: Record<string, string> = { ...(range === undefined ? WHOLE : AS_STORED) };
  if (range !== undefined) {
    headers.range = `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`;
  }
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`;
  const query = versionQuery(versionId);
  const request = { method: 'GET', bucket, key, query, headers, signal } as const;
  const response = await requests.send(request);
  try {
    const head = requests.head(response, request, expectedBytes);
    checkVersion(requests, head, versionId, request);
    if (range !== undefined) checkRange(requests, response, range.start, request);
    const body = translateFailure(response, (error) => requests.failure(error, request) as Error);
    const hasLength = response.headers['content-length'] !== undefined || range !== undefined;
    if (hasLength) return { head, body };
    const wrong = (received: string) => requests.wrongLength(received, head.sizeBytes, request);
    return { head, body: ofLength(body, head.sizeBytes, wrong) };
  } catch (error) {
    response.destroy();
    throw error;
  }
}

/** Throws if the server ignored the version, and answered with the current one. */
function checkVersion(
  requests: S3Requests,
  head: ObjectHead,
  versionId: string | undefined,
  request: S3Request,
): void {
  if (versionId === undefined || head.versionId === versionId) return;
  // Of what was written while there was no versioning, some servers name no version.
  if (versionId === 'null' && head.versionId === null) return;
  const answered = head.versionId === null ? 'no version' : `the version ${head.versionId}`;
  throw notS3(`with ${answered} instead of ${versionId}`, requests.context(request));
}

function checkRange(
  requests: S3Requests,
  response: IncomingMessage,
  start: number,
  request: S3Request,
): void {
  if (response.headers['content-range']?.startsWith(`bytes ${start}-`) === true) return;
  const context = requests.context(request);
  throw notS3('with other bytes than those requested', context, response.statusCode);
}

export async function readObject(
  requests: S3Requests,
  bucket: string,
  key: string,
  options: ReadOptions,
): Promise<ReadObject> {
  const { expectedBytes, versionId, signal, urgent } = options;
  const query = versionQuery(versionId);
  const request = { method: 'GET', bucket, key, query, headers: WHOLE, signal, urgent } as const;
  const answer = await requests.fetch(request, options);
  const { body, digests, release } = answer;
  try {
    const head = requests.head(answer, request, body?.length ?? expectedBytes);
    checkVersion(requests, head, versionId, request);
    const hasLength = answer.headers['content-length'] !== undefined;
    if (!hasLength && body !== undefined && body.length !== (expectedBytes ?? body.length)) {
      throw requests.wrongLength(countOf(body.length, 'byte'), expectedBytes ?? 0, request);
    }
    return { head, content: body, ...(digests && { digests }), ...(release && { release }) };
  } catch (error) {
    release?.();
    throw error;
  }
}

export async function deleteObject(
  requests: S3Requests,
  bucket: string,
  key: string,
  { signal }: RequestOptions,
): Promise<void> {
  try {
    await requests.omit({ method: 'DELETE', bucket, key, signal });
  } catch (error) {
    if (s3CodeOf(error) !== 'NoSuchKey') throw error;
  }
}

export function getObjectTags(
  requests: S3Requests,
  bucket: string,
  key: string,
  { signal }: RequestOptions,
): Promise<Tag[]> {
  const request = { method: 'GET', bucket, key, query: 'tagging', signal } as const;
  return requests.document(request, parseTags, 'Tagging');
}

/** Error codes for an object without a lock, or in a bucket without object lock. */
const UNLOCKED = [
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'InvalidRequest',
];

export async function getObjectLock(
  requests: S3Requests,
  bucket: string,
  key: string,
  { signal }: RequestOptions,
): Promise<ObjectLock> {
  const read = async <T>(query: string, parse: (xml: string) => T | null, none: T): Promise<T> => {
    try {
      return await requests.document({ method: 'GET', bucket, key, query, signal }, parse, query);
    } catch (error) {
      if (UNLOCKED.includes(s3CodeOf(error))) return none;
      throw error;
    }
  };
  const [{ retention }, { legalHold }] = await Promise.all([
    read('retention', parseRetention, { retention: null }),
    read('legal-hold', parseLegalHold, { legalHold: false }),
  ]);
  return { retention, legalHold };
}

export async function getObjectAcl(
  requests: S3Requests,
  bucket: string,
  key: string,
  { signal }: RequestOptions,
): Promise<string> {
  const request = { method: 'GET', bucket, key, query: 'acl', signal } as const;
  const isAcl = (xml: string) => (parseXml(xml, 'AccessControlPolicy') === null ? null : xml);
  return await requests.document(request, isAcl, 'AccessControlPolicy');
}

export async function putObjectAcl(
  requests: S3Requests,
  bucket: string,
  key: string,
  acl: string,
  { signal }: RequestOptions,
): Promise<void> {
  const headers = { 'content-type': 'application/xml', ...md5Header(acl) };
  const request = { method: 'PUT', bucket, key, query: 'acl', headers } as const;
  await requests.omit({ ...request, body: bodyOf(acl), signal });
}
