import type { ErrorCode } from '../errors.js';
import { isMangamotionError } from '../errors.js';

/** Every status with which a request can fail. */
export type FailureStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 413
  | 417
  | 429
  | 431
  | 500
  | 502
  | 503;

/** The codes that an error document can have. */
export type FailureCode =
  | ErrorCode
  | 'unauthorized'
  | 'forbidden'
  | 'method_not_allowed'
  | 'timeout'
  | 'expectation_failed'
  | 'too_large'
  | 'too_many_requests'
  | 'unavailable';

interface FailureOptions {
  code: FailureCode;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** A request that ends with an error document; the message is its sentence. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  readonly status: FailureStatus;
  readonly code: FailureCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: FailureStatus, message: string, { code, headers, cause }: FailureOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.headers = headers ?? {};
  }
}

/** The client has gone before it had the answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor() {
    super('the client has gone');
  }
}

export function badRequest(message: string): RequestFailure {
  return new RequestFailure(400, message, { code: 'usage' });
}

export function notFound(message: string): RequestFailure {
  return new RequestFailure(404, message, { code: 'not_found' });
}

export function forbidden(message: string): RequestFailure {
  return new RequestFailure(403, message, { code: 'forbidden' });
}

export function unauthorized(message: string): RequestFailure {
  return new RequestFailure(401, message, {
    code: 'unauthorized',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** After so many seconds, a client may try again. */
const RETRY_AFTER_SECONDS = '5';

/**
 * Returns the failure that a client sees. Messages about requests to servers hold their addresses, and
 * anything unknown may hold a secret: those go to the log alone.
 */
export function failureOf(error: unknown): RequestFailure {
  if (error instanceof RequestFailure) return error;
  if (!isMangamotionError(error)) {
    return new RequestFailure(500, 'this is a bug of the server', {
      code: 'internal',
      cause: error,
    });
  }
  const { code } = error;
  const status = STATUS_OF[code];
  if (status !== undefined && error.request === undefined)
    return new RequestFailure(status, error.message, { code, cause: error });
  const server = unavailableServer(error);
  const what =
    server === 'redis' ? 'Redis' : server === 'store' ? 'the object store' : 'the answer';
  return new RequestFailure(503, `${what} is unavailable`, {
    code: 'unavailable',
    headers: { 'retry-after': RETRY_AFTER_SECONDS },
    cause: error,
  });
}

/** Returns the server that did not answer, or refused; `undefined` if the error is another one. */
export function unavailableServer(error: unknown): 'redis' | 'store' | undefined {
  if (isMangamotionError(error) && error.request !== undefined) return 'store';
  return isMangamotionError(error, 'unreachable', 'access_denied') ? 'redis' : undefined;
}

/** The statuses of those errors whose message is for the client. */
const STATUS_OF: Readonly<Partial<Record<ErrorCode, FailureStatus>>> = {
  usage: 400,
  not_found: 404,
  locked: 409,
  refused: 409,
  damaged: 502,
};
