import { MISSING_BACKUP_BUCKET_HINT, backupRightsHint } from '../../config/hints.js';
import { MangamotionError } from '../../errors.js';
import type { ObjectStore, RequestOptions } from '../../object-store/port.js';
import { s3CodeOf, whyUnreadable } from '../../object-store/store-errors.js';
import type { S3Location } from './s3-location.js';

export interface S3Place extends S3Location {
  store: ObjectStore;
  /** Aborts reads and writes, but not the clean-up after them. */
  signal: AbortSignal;
  /** Nothing is deleted, overwritten or aborted, except an upload by the run that began it. */
  appendOnly?: boolean | undefined;
}

/** The options of the first request, which reports a wrong address within seconds. */
export const FIRST_CONTACT: RequestOptions = { attempts: 3 };

type Where = S3Location & Pick<S3Place, 'appendOnly'>;

/** Awaits a request, and translates its error into one about the destination. */
export async function withPlaceErrors<T>(place: Where, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw inTermsOf(place, error);
  }
}

function inTermsOf({ url, bucket, appendOnly }: Where, error: unknown): unknown {
  if (!(error instanceof MangamotionError)) return error;
  if (s3CodeOf(error) === 'NoSuchBucket') {
    return new MangamotionError('not_found', `${url}: the bucket ${bucket} does not exist`, {
      hint: MISSING_BACKUP_BUCKET_HINT,
      cause: error.cause,
      request: error.request,
    });
  }
  if (whyUnreadable(error) === 'cold-storage') {
    return new MangamotionError(
      'refused',
      `${error.message.split(': ')[0] ?? url} is in cold storage`,
      {
        hint: 'Restore the object in the store first (RestoreObject), then run the command again.',
        cause: error.cause,
        request: error.request,
      },
    );
  }
  if (error.code === 'access_denied') {
    return new MangamotionError('access_denied', error.message, {
      hint: backupRightsHint(bucket, kindOfRights(error, appendOnly)),
      cause: error.cause,
      request: error.request,
    });
  }
  return error;
}

/** The operations that an append-only run does without. */
const DELETING: ReadonlySet<string> = new Set([
  'DeleteObject',
  'DeleteObjects',
  'AbortMultipartUpload',
]);

function kindOfRights(
  { request }: MangamotionError,
  appendOnly: boolean | undefined,
): 'append' | 'delete' | 'all' {
  if (appendOnly === true) return 'append';
  return DELETING.has(request?.operation ?? '') ? 'delete' : 'all';
}

/** Whether the error means that the object, and not its bucket, does not exist. */
export function isNoSuchObject(error: unknown): boolean {
  return (
    error instanceof MangamotionError &&
    error.code === 'not_found' &&
    s3CodeOf(error) !== 'NoSuchBucket'
  );
}
