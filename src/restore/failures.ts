import type { MangamotionError } from '../errors.js';

/** An object, a document of a bucket, or a bucket that could not be restored. */
export interface RestoreFailure {
  bucket: string;
  /** Empty for a bucket or a document. */
  key: string;
  /** The kind of document; absent for an object or a bucket. */
  document?: string;
  /** The request that failed, by its name in the S3 API; absent where none did. */
  operation?: string;
  /** The status of the answer; absent where there was none. */
  status?: number;
  /** The S3 error code. */
  code?: string;
  reason: string;
}

/** Returns the fields of a failure that an error has. */
export function failureFields(
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

/** The maximum number of failures that are named; further ones are only counted. */
const MAX_NAMED = 10_000;

/** The failures of a restore. */
export class Failures {
  readonly named: RestoreFailure[] = [];
  omitted = 0;

  get count(): number {
    return this.named.length + this.omitted;
  }

  add(failure: RestoreFailure): void {
    if (this.named.length < MAX_NAMED) this.named.push(failure);
    else this.omitted += 1;
  }
}

/** An attribute of objects that the target did not keep: one item for each kind and bucket. */
export interface RestoreLoss {
  bucket: string;
  /** `tags`, `encryption`, `header content-type`, … */
  what: string;
  /** How many objects lost it. */
  count: number;
  /** The first of their keys. */
  keys: string[];
  reason: string;
}

const MAX_KEYS = 10;

/** The losses of a restore. */
export class Losses {
  readonly all: RestoreLoss[] = [];

  add({
    bucket,
    what,
    key,
    reason,
  }: {
    bucket: string;
    what: string;
    key: string;
    reason: string;
  }) {
    const known = this.all.find((loss) => loss.bucket === bucket && loss.what === what);
    if (known === undefined) {
      this.all.push({ bucket, what, count: 1, keys: [key], reason });
      return;
    }
    known.count += 1;
    if (known.keys.length < MAX_KEYS) known.keys.push(key);
  }
}
