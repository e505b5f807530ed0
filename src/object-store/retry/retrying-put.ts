import { createHash } from 'node:crypto';
import { isMangamotionError } from '../../errors.js';
import { retrying, type RetryPolicy } from './backoff.js';
import type { ObjectContent, ObjectStore, PutOptions, StoredObject } from '../port.js';
import { isObjectInTheWay, isTransient } from '../store-errors.js';

/**
 * Repeats `putObject` if it fails. If an answer was lost, the object that blocks a conditional
 * write may be our own: it is read, and counts as written if it has exactly these bytes. Competing
 * writers must therefore never write the same bytes.
 */
export async function putWithRetries(
  store: ObjectStore,
  policy: RetryPolicy,
  bucket: string,
  key: string,
  content: ObjectContent,
  options: PutOptions = {},
): Promise<StoredObject> {
  let answerWasLost = false;
  return retrying(policy, options.signal, async () => {
    try {
      return await store.putObject(bucket, key, content, options);
    } catch (error) {
      const mayBeOurs = answerWasLost && isObjectInTheWay(error);
      const own = mayBeOurs ? await findOwn(store, bucket, key, content, options) : undefined;
      if (own !== undefined) return own;
      answerWasLost ||= isTransient(error);
      throw error;
    }
  });
}

async function findOwn(
  store: ObjectStore,
  bucket: string,
  key: string,
  content: ObjectContent,
  { signal }: PutOptions,
): Promise<StoredObject | undefined> {
  try {
    const { head, body } = await store.getObject(bucket, key, { signal });
    if (head.sizeBytes !== content.sizeBytes) {
      body.destroy();
      return undefined;
    }
    const hash = createHash('sha256');
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
    if (hash.digest('hex') !== content.sha256) return undefined;
    return { etag: head.etag, versionId: head.versionId };
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return undefined;
    throw error;
  }
}
