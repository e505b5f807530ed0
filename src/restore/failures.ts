import type { MangamotionError } from '../errors.js';

/** An object, a document or a bucket that could not be restored. */
export interface RestoreFailure {
  bucket: string;
  /** Empty for a bucket or a document. */
  key: string;
  /** The kind of document; absent for an object or a bucket. */
  document?: string;
  /** The failed request by its S3 API name; absent if no request failed. */
  operation?: string;
  /** The HTTP status; absent if there was no answer. */
  status?: number;
  code?: string;
  reason: string;
}

/** Returns the fields of a failure that an error provides. */
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

/** The most failures that are named; further ones are only counted. */
const MAX_NAMED = 10_000;

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

/** An attribute that the target did not keep: one entry per kind and bucket. */
export interface RestoreLoss {
  bucket: string;
  /** `tags`, `encryption`, `header content-type`, … */
  what: string;
  count: number;
  keys: string[];
  reason: string;
}

const MAX_KEYS = 10;

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
