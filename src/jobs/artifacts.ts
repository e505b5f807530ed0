import { isMangamotionError } from '../errors.js';
import type { ObjectHead, ObjectStore } from '../object-store/port.js';
import { S3ResponseError } from '../object-store/store-errors.js';
import type { ObjectPlace } from './return-value.js';

/** An object that belongs to a job. */
export interface Artifact extends ObjectPlace {
  head: ObjectHead;
}

/**
 * The first of these places that holds an object. `undefined` where none does. Rejects with
 * `access_denied` where none is seen to, and the store does not say of one whether it does.
 */
export async function findArtifact(
  store: Pick<ObjectStore, 'headObject'>,
  places: readonly ObjectPlace[],
  signal: AbortSignal,
): Promise<Artifact | undefined> {
  let denial: unknown;
  for (const { bucket, key } of places) {
    try {
      return { bucket, key, head: await store.headObject(bucket, key, { signal }) };
    } catch (error) {
      if (isMangamotionError(error, 'access_denied')) denial ??= error;
      else if (!isAbsence(error)) throw error;
    }
  }
  if (denial !== undefined) throw denial;
  return undefined;
}

/** A key or bucket that the server does not take (status 400) holds nothing either. */
function isAbsence(error: unknown): boolean {
  if (isMangamotionError(error, 'not_found')) return true;
  if (!isMangamotionError(error, 'refused')) return false;
  return error.cause instanceof S3ResponseError && error.cause.statusCode === 400;
}
