/**
 * Every way in which a command can fail, with the exit status that tells it to a script.
 * The table is the closed list: a new code cannot be used before it has a status.
 */
const EXIT_STATUS = {
  /** A bug of ours. */
  internal: 1,
  /** The disk failed or is full: nothing is wrong with the command, but it cannot go on. */
  disk: 1,
  /** Wrong arguments, or a destination that cannot be one (a file, a folder we may not write). */
  usage: 2,
  /** Settings that are missing or make no sense; credentials that are not there at all. */
  configuration: 2,
  /** Done, but something named in the answer is missing from it. */
  partial: 3,
  /** No such backup, destination, bucket, object or file. */
  not_found: 4,
  /** What is stored is not what was written. */
  damaged: 5,
  /** The store or Redis does not answer, or keeps failing. */
  unreachable: 6,
  /** The store or Redis refuses the credentials, or what they may do. */
  access_denied: 6,
  /** Another run holds the destination. */
  locked: 7,
  /** We could, but will not: something is in the way, or a newer version wrote it. */
  refused: 8,
  /** SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

/** What was asked of a server where a request failed, and what it answered. */
export interface FailedRequest {
  /** The operation by its name in the S3 API: `GetObject`. */
  operation: string;
  /** The status of the answer; `null` where there was none. */
  status: number | null;
  /** The S3 error code, or what stands for one: `AccessDenied`, `ECONNRESET`; `''` where there is none. */
  code: string;
}

/**
 * The one error that users see: what failed and on what (`message`, lower case, no final dot) and
 * what to do next (`hint`, a sentence that names the command to run where there is one).
 * Vendor errors are translated into it where they arise, and kept as `cause`.
 */
export class MangamotionError extends Error {
  override readonly name = 'MangamotionError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Present where a request to the object store failed. */
  readonly request: FailedRequest | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      hint?: string | undefined;
      cause?: unknown;
      request?: FailedRequest | undefined;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.request = options.request;
  }
}

/** What any thrown thing says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function exitStatusOf(code: ErrorCode): number {
  return EXIT_STATUS[code];
}

/** True for an error of ours, optionally of one of the given codes. */
export function isMangamotionError(
  error: unknown,
  ...codes: ErrorCode[]
): error is MangamotionError {
  return error instanceof MangamotionError && (codes.length === 0 || codes.includes(error.code));
}
