import type { MangamotionError } from '../errors.js';

/** What could not be restored: an object, a document of a bucket, or a bucket. */
export interface RestoreFailure {
  bucket: string;
  /** Empty where it is no object. */
  key: string;
  /** Of the bucket, where it is no object. */
  document?: string;
  /** The request that failed, by its name in the S3 API; absent where none did. */
  operation?: string;
  /** The status of the answer; absent where there was none. */
  status?: number;
  /** The S3 error code. */
  code?: string;
  reason: string;
}

/** What an error tells of itself, for a failure. */
export function explained(
  error: MangamotionError,
): Pick<RestoreFailure, 'operation' | 'status' | 'code' | 'reason'> {
  const { message: reason, request } = error;
  if (request === undefined) return { reason };
  const { operation, status, code } = request;
  return {
    operation,
    ...(status === null ? {} : { status }),
    ...(code === '' ? {} : { code }),
    reason,
  };
}

/** More are counted, not named. */
const MOST_NAMED = 10_000;

/** The failures of a run. */
export class Failures {
  readonly named: RestoreFailure[] = [];
  omitted = 0;

  get count(): number {
    return this.named.length + this.omitted;
  }

  add(failure: RestoreFailure): void {
    if (this.named.length < MOST_NAMED) this.named.push(failure);
    else this.omitted += 1;
  }
}
