import { MangamotionError } from '../../../errors.js';
import {
  deletionDocument,
  parseDeletionAnswer,
  type DeletionAnswer,
} from '../wire/bulk-delete-xml.js';
import { deleteObject } from './object-requests.js';
import type { RequestOptions, UndeletedObject } from '../../port.js';
import { bodyOf, md5Header } from '../request-body.js';
import type { S3Requests } from '../s3-requests.js';
import { codeOf, isTransient, S3ResponseError } from '../../store-errors.js';
import { isXmlText } from '../wire/xml.js';

/** S3 takes no more keys at once. */
const MOST_KEYS = 1000;
/** Requests at once for the keys that go one by one. */
const ONE_BY_ONE = 16;

/** See the port. Keys that the document cannot carry, or the answer does not name, go one by one. */
export async function deleteObjects(
  requests: S3Requests,
  bucket: string,
  keys: string[],
  options: RequestOptions,
): Promise<UndeletedObject[]> {
  if (keys.length > MOST_KEYS) throw new RangeError(`${keys.length} keys to delete at once`);
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

/** Throws the error where it is none of the server. */
function undeleted(key: string, error: unknown): UndeletedObject {
  if (!(error instanceof MangamotionError)) throw error;
  const said = error.cause instanceof Error ? error.cause : error;
  const code = codeOf(said);
  const message = said.message.replace(/\.$/, '');
  const reason = [code, message].filter((part) => part !== '').join(': ');
  return { key, reason, request: error.request, mayPass: isTransient(error) };
}
