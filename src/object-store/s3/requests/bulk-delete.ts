import { countOf } from '../../../count-of.js';
import { MangamotionError } from '../../../errors.js';
import type { BypassOptions, ObjectVersion, RequestOptions, UndeletedObject } from '../../port.js';
import { codeOf, isTransient, notS3, S3ResponseError } from '../../store-errors.js';
import { bodyOf, md5Header } from '../request-body.js';
import type { S3Requests } from '../s3-requests.js';
import { bypassHeader } from '../wire/object-lock.js';
import {
  child,
  children,
  escapeXml,
  isXmlText,
  parseXml,
  S3_NAMESPACE,
  textOf,
} from '../wire/xml.js';
import { deleteObject } from './object-requests.js';

/** The most keys that S3 accepts in one request. */
const MAX_KEYS = 1000;
/** The number of concurrent requests for keys that are deleted one by one. */
const ONE_BY_ONE = 16;

/** See the port. Keys that XML or the answer does not contain are deleted one by one. */
export async function deleteObjects(
  requests: S3Requests,
  bucket: string,
  keys: string[],
  options: RequestOptions,
): Promise<UndeletedObject[]> {
  if (keys.length > MAX_KEYS)
    throw new RangeError(`${countOf(keys.length, 'key')} to delete at once`);
  const together = keys.filter(isXmlText);
  const { deleted, refused } = await deleteTogether(requests, bucket, together, options);
  const failures: UndeletedObject[] = [];
  const left: string[] = [];
  for (const key of keys) {
    const error = refused.get(key);
    if (error === undefined) {
      if (!deleted.has(key)) left.push(key);
    } else if (error.code !== 'NoSuchKey') {
      const refusal = new S3ResponseError(error.code, 200, error.message);
      failures.push(
        undeleted(key, requests.failure(refusal, { method: 'POST', bucket, key, query: 'delete' })),
      );
    }
  }
  failures.push(...(await deleteOneByOne(requests, bucket, left, options)));
  return failures;
}

/** Implements `deleteVersionInBulk` of the port. */
export async function deleteVersionInBulk(
  requests: S3Requests,
  bucket: string,
  { key, versionId }: Pick<ObjectVersion, 'key' | 'versionId'>,
  { signal, bypassGovernance }: BypassOptions,
): Promise<void> {
  const version = `<Key>${escapeXml(key)}</Key><VersionId>${escapeXml(versionId)}</VersionId>`;
  const document = `<Delete ${S3_NAMESPACE}><Object>${version}</Object></Delete>`;
  const headers = {
    ...{ 'content-type': 'application/xml', ...md5Header(document) },
    ...bypassHeader(bypassGovernance),
  };
  const request = { method: 'POST', bucket, query: 'delete', headers } as const;
  const { deleted, refused } = await requests.document(
    { ...request, body: bodyOf(document), signal },
    parseDeletionAnswer,
    'DeleteResult',
  );
  const error = refused.get(key);
  if (error !== undefined && !['NoSuchKey', 'NoSuchVersion'].includes(error.code)) {
    const refusal = new S3ResponseError(error.code, 200, error.message);
    throw requests.failure(refusal, { ...request, key }) as Error;
  }
  if (error !== undefined || deleted.has(key)) return;
  throw notS3('without saying whether the version is deleted', {
    endpoint: requests.endpoint,
    request: { ...request, key },
  });
}

async function deleteTogether(
  requests: S3Requests,
  bucket: string,
  keys: string[],
  { signal }: RequestOptions,
): Promise<DeletionAnswer> {
  if (keys.length === 0) return { deleted: new Set(), refused: new Map() };
  const document = deletionDocument(keys);
  const headers = { 'content-type': 'application/xml', ...md5Header(document) };
  const body = bodyOf(document);
  return requests.document(
    { method: 'POST', bucket, query: 'delete', headers, body, signal },
    parseDeletionAnswer,
    'DeleteResult',
  );
}

async function deleteOneByOne(
  requests: S3Requests,
  bucket: string,
  keys: string[],
  options: RequestOptions,
): Promise<UndeletedObject[]> {
  const failures: UndeletedObject[] = [];
  const queue = keys.values();
  const worker = async (): Promise<void> => {
    for (const key of queue) {
      try {
        await deleteObject(requests, bucket, key, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        failures.push(undeleted(key, error));
      }
    }
  };
  await Promise.all(Array.from({ length: ONE_BY_ONE }, worker));
  return failures;
}

/** Returns the failure for a key. Throws errors that are not translated. */
function undeleted(key: string, error: unknown): UndeletedObject {
  if (!(error instanceof MangamotionError)) throw error;
  const said = error.cause instanceof Error ? error.cause : error;
  const code = codeOf(said);
  const message = said.message.replace(/\.$/, '');
  const reason = [code, message].filter((part) => part !== '').join(': ');
  return { key, reason, request: error.request, mayPass: isTransient(error) };
}

/** Returns the body of DeleteObjects. It asks for an answer that names every key. Pure. */
export function deletionDocument(keys: string[]): string {
  const objects = keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`);
  return `<Delete ${S3_NAMESPACE}>${objects.join('')}</Delete>`;
}

interface DeletionAnswer {
  deleted: Set<string>;
  refused: Map<string, { code: string; message: string }>;
}

/** Returns `null` if the text is not a DeleteResult. Pure. */
export function parseDeletionAnswer(xml: string): DeletionAnswer | null {
  const root = parseXml(xml, 'DeleteResult');
  if (root === null) return null;
  const deleted = new Set<string>();
  const refused: DeletionAnswer['refused'] = new Map();
  for (const entry of children(root, 'Deleted')) deleted.add(textOf(entry, 'Key') ?? '');
  for (const entry of children(root, 'Error')) {
    if (child(entry, 'Key') === undefined) continue;
    const [code, message] = [textOf(entry, 'Code') ?? '', textOf(entry, 'Message') ?? ''];
    refused.set(textOf(entry, 'Key') ?? '', { code, message });
  }
  return { deleted, refused };
}
