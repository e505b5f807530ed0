/** What each exit status tells a script. `--help` prints the ones that a command can end with. */
export const EXIT_MEANINGS = {
  0: 'done',
  1: 'an unexpected error: a bug, or a disk that failed or is full',
  2: 'wrong usage or configuration',
  3: 'finished, but in part: what is missing is named in the output',
  4: 'not found',
  5: 'damaged, inconsistent or overdue',
  6: 'Redis or the object store cannot be reached, or refuses the credentials',
  7: 'locked: another run holds the destination',
  8: 'refused: something is in the way, or a guard tripped',
  130: 'interrupted (SIGINT), after cleaning up',
  143: 'terminated (SIGTERM), after cleaning up',
} as const;

export type ExitStatus = keyof typeof EXIT_MEANINGS;

/**
 * Every way in which a command can fail, with its exit status. The table is the closed list: a new
 * code does not compile without a status that has a meaning.
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
} as const satisfies Record<string, ExitStatus>;

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

/** Whether a text that comes from elsewhere is a code of this table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(EXIT_STATUS, text);
}

/** What any thrown thing says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The exit status of a command that ended with this code; `undefined` where it succeeded. */
export function exitStatusOf(code: ErrorCode | undefined): ExitStatus {
  return code === undefined ? 0 : EXIT_STATUS[code];
}

/** The code of another run of this program that ended with the status; `undefined` for success. */
export function codeOfStatus(status: number | null): ErrorCode | undefined {
  if (status === 0) return undefined;
  const codes = Object.keys(EXIT_STATUS) as ErrorCode[];
  return codes.find((code) => EXIT_STATUS[code] === status) ?? 'internal';
}

/** True for an error of ours, optionally of one of the given codes. */
export function isMangamotionError(
  error: unknown,
  ...codes: ErrorCode[]
): error is MangamotionError {
  return error instanceof MangamotionError && (codes.length === 0 || codes.includes(error.code));
}
