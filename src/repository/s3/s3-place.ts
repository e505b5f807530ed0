import { MISSING_BACKUP_BUCKET_HINT, backupRightsHint } from '../../config/hints.js';
import { MangamotionError } from '../../errors.js';
import type { ObjectStore, RequestOptions } from '../../object-store/port.js';
import { s3CodeOf, whyUnreadable } from '../../object-store/store-errors.js';
import type { S3Location } from './s3-location.js';

/** The bucket and the prefix that hold the backups. */
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
      hint: MISSING_BACKUP_BUCKET_HINT,
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
      hint: backupRightsHint(bucket),
      cause: error.cause,
      request: error.request,
    });
  }
  return error;
}

/** True where the answer is about the object, not about the bucket that should hold it. */
export function isNoSuchObject(error: unknown): boolean {
  return (
    error instanceof MangamotionError &&
    error.code === 'not_found' &&
    s3CodeOf(error) !== 'NoSuchBucket'
  );
}
