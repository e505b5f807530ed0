import { MangamotionError } from '../../errors.js';
import type { ObjectStore, RequestOptions } from '../../object-store/port.js';
import { s3CodeOf, whyUnreadable } from '../../object-store/store-errors.js';
import type { S3Location } from './s3-location.js';

/** A bucket of a store, and where in it the backups lie. */
export interface S3Place extends S3Location {
  store: ObjectStore;
  /** Ends reads and writes; not what cleans up after them. */
  signal: AbortSignal;
}

/** A store that does not answer at first is reported within seconds, like a wrong address. */
export const FIRST_CONTACT: RequestOptions = { attempts: 3 };

/** Passes on what a request to the store resolves with, and its failure in terms of the destination. */
export async function withPlaceErrors<T>(place: S3Location, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw inTermsOf(place, error);
  }
}

function inTermsOf({ url, bucket }: S3Location, error: unknown): unknown {
  if (!(error instanceof MangamotionError)) return error;
  if (s3CodeOf(error) === 'NoSuchBucket') {
    return new MangamotionError('not_found', `${url}: there is no bucket ${bucket}`, {
      hint: 'Create the bucket, or check the URL and BACKUP_S3_ENDPOINT.',
      cause: error.cause,
      request: error.request,
    });
  }
  if (whyUnreadable(error) === 'cold-storage') {
    return new MangamotionError(
      'refused',
      `${error.message.split(': ')[0] ?? url} lies in cold storage`,
      {
        hint: 'Restore it there first (RestoreObject), then run this again.',
        cause: error.cause,
        request: error.request,
      },
    );
  }
  if (error.code === 'access_denied') {
    return new MangamotionError('access_denied', error.message, {
      hint: `Check BACKUP_S3_ACCESS_KEY and BACKUP_S3_SECRET_KEY, and that their policy allows to list, read, write and delete in the bucket ${bucket}.`,
      cause: error.cause,
      request: error.request,
    });
  }
  // The store's own hints name the variables of the store that is backed up.
  if (error.hint?.includes('MINIO_') !== true) return error;
  return new MangamotionError(error.code, error.message, {
    hint: 'Check BACKUP_S3_ENDPOINT (a URL, http:// or https://), BACKUP_S3_REGION and BACKUP_S3_CA_FILE.',
    cause: error.cause,
    request: error.request,
  });
}

/** True where the answer is about the object, not about the bucket that should hold it. */
export function isNoSuchObject(error: unknown): boolean {
  return (
    error instanceof MangamotionError &&
    error.code === 'not_found' &&
    s3CodeOf(error) !== 'NoSuchBucket'
  );
}
