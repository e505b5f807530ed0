import { isMangamotionError, MangamotionError, type ErrorCode } from '../errors.js';

/** An answer of the server that is no success; the `cause` of the error that users see. */
export class S3ResponseError extends Error {
  override readonly name = 'S3ResponseError';
  /** The S3 error code (`NoSuchKey`); made from the status where the server gives none (HEAD). */
  readonly code: string;
  readonly statusCode: number;
  /** The bucket's region, where the server names it to a client that signed for another. */
  readonly region: string | undefined;

  constructor(code: string, statusCode: number, message: string, region?: string) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
    this.region = region;
  }
}

export interface ErrorContext {
  endpoint: string;
  /** `bucket` or `bucket/key`; absent for what concerns the whole store. */
  subject: string | undefined;
}

const CLOCK_HINT = 'Set the clock of this machine: S3 refuses a request that is 15 minutes off.';
const KEYS_HINT = 'Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY.';
const SIGNATURE_HINT =
  'Check MINIO_SECRET_KEY (and MINIO_REGION, and that no proxy rewrites Host or path).';
const RIGHTS_HINT = 'Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and what their policy allows.';

const HEADERS_HINT =
  'The server may not take the headers: S3 allows 2 KB of user metadata, and 8 KB of headers in all.';

interface Verdict {
  code: ErrorCode;
  hint?: string;
}

const BY_S3_CODE = new Map<string, Verdict>(
  Object.entries({
    InvalidAccessKeyId: { code: 'access_denied', hint: KEYS_HINT },
    SignatureDoesNotMatch: { code: 'access_denied', hint: SIGNATURE_HINT },
    AccessDenied: { code: 'access_denied', hint: RIGHTS_HINT },
    ExpiredToken: { code: 'access_denied', hint: KEYS_HINT },
    InvalidToken: { code: 'access_denied', hint: KEYS_HINT },
    RequestTimeTooSkewed: { code: 'access_denied', hint: CLOCK_HINT },
    RequestExpired: { code: 'access_denied', hint: CLOCK_HINT },
    NoSuchKey: { code: 'not_found' },
    NoSuchBucket: { code: 'not_found' },
    NoSuchVersion: { code: 'not_found' },
    NotFound: { code: 'not_found' },
    PreconditionFailed: { code: 'not_found' },
    InvalidRange: { code: 'not_found' },
    SlowDown: { code: 'unreachable' },
    RequestTimeout: { code: 'unreachable' },
    IncompleteBody: { code: 'unreachable' },
    OperationAborted: { code: 'unreachable' },
    // Two conditional writes met; S3 asks the one that lost to try again.
    ConditionalRequestConflict: { code: 'unreachable' },
    // With a 5xx by themselves; with 200 inside of the answers that S3 begins before it is done.
    InternalError: { code: 'unreachable' },
    ServiceUnavailable: { code: 'unreachable' },
    BadDigest: { code: 'damaged' },
    XAmzContentSHA256Mismatch: { code: 'damaged' },
    QuotaExceeded: { code: 'refused', hint: 'The quota of the bucket or the user is used up.' },
    XMinioStorageFull: { code: 'refused', hint: 'The store is full.' },
    NotImplemented: { code: 'refused' },
    HttpsExpected: { code: 'unreachable', hint: 'Set MINIO_USE_SSL=true.' },
    MetadataTooLarge: { code: 'refused', hint: HEADERS_HINT },
    RequestHeaderSectionTooLarge: { code: 'refused', hint: HEADERS_HINT },
    BadRequest: { code: 'refused', hint: HEADERS_HINT },
  }),
);

const BY_STATUS: Record<number, Verdict> = {
  401: { code: 'access_denied', hint: KEYS_HINT },
  403: { code: 'access_denied', hint: RIGHTS_HINT },
  404: { code: 'not_found' },
  408: { code: 'unreachable' },
  412: { code: 'not_found' },
  429: { code: 'unreachable' },
  499: { code: 'unreachable' },
  431: { code: 'refused', hint: HEADERS_HINT },
  501: { code: 'refused' },
  507: { code: 'refused', hint: 'The store is full.' },
};

const ENDPOINT_HINT = 'Check MINIO_ENDPOINT, MINIO_PORT and MINIO_USE_SSL.';

function verdictOf(error: S3ResponseError): Verdict {
  const known = BY_S3_CODE.get(error.code) ?? BY_STATUS[error.statusCode];
  if (known !== undefined) return known;
  if (error.statusCode >= 500) return { code: 'unreachable' };
  const isRedirect = error.statusCode >= 300 && error.statusCode < 400;
  if (isRedirect) return { code: 'refused', hint: ENDPOINT_HINT };
  return { code: 'refused' };
}

/** An error of the client as the one that users see; errors of ours, and bugs (no code), stay. */
export function translated(error: unknown, context: ErrorContext): unknown {
  if (error instanceof MangamotionError) return error;
  if (error instanceof S3ResponseError) return fromResponse(error, context);
  return codeOf(error) === '' ? error : fromTransport(error, context);
}

/** Tells a user which answer came back, on what, and what to look at. */
function fromResponse(error: S3ResponseError, context: ErrorContext): MangamotionError {
  const { code, hint } = verdictOf(error);
  const what = `${error.code} (status ${error.statusCode})${error.message === '' ? '' : `: ${error.message.replace(/\.$/, '')}`}`;
  const message = `${context.subject ?? context.endpoint}: ${context.subject === undefined ? 'the server' : context.endpoint} answered ${what}`;
  return new MangamotionError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

const WRONG_PROTOCOL = new Set([
  'HttpsExpected',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'EPROTO',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);
const CERTIFICATE = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(?:GET|VERIFY)/;

const BY_SYSTEM_CODE: Record<string, string> = {
  ECONNREFUSED: `Is the server running, and on that port? ${ENDPOINT_HINT}`,
  ENOTFOUND: `The name is not known. ${ENDPOINT_HINT}`,
  EAI_AGAIN: 'The name server does not answer.',
  CERT_HAS_EXPIRED: 'Renew the certificate of the server, or set the clock of this machine.',
  CERT_NOT_YET_VALID: 'Set the clock of this machine, or of the one that made the certificate.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'Set MINIO_ENDPOINT to a name that the certificate is for, or give the server another one.',
};

/** Tells a user that no answer came: refused, cut, silent, or not understood. */
function fromTransport(error: unknown, context: ErrorContext): MangamotionError {
  const code = codeOf(error);
  if (INVALID_REQUEST.has(code)) return unsendable(error, context);
  const place = context.subject === undefined ? '' : `${context.subject}: `;
  return new MangamotionError(
    'unreachable',
    `${place}${context.endpoint} cannot be reached: ${reasonOf(error, code)}`,
    { hint: transportHint(code), cause: error },
  );
}

/** A header or path that HTTP cannot carry never left this machine. */
const INVALID_REQUEST = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_UNESCAPED_CHARACTERS',
]);

function unsendable(error: unknown, context: ErrorContext): MangamotionError {
  const subject = context.subject ?? context.endpoint;
  const reason = reasonOf(error, '');
  return new MangamotionError('refused', `${subject}: cannot be sent: ${reason}`, { cause: error });
}

/** Something answers, but not as S3 does. */
export function notS3(what: string, context: ErrorContext): MangamotionError {
  const place = context.subject === undefined ? '' : `${context.subject}: `;
  return new MangamotionError('unreachable', `${place}${context.endpoint} answered ${what}`, {
    hint: `Is that an S3 server, or a proxy or console? ${ENDPOINT_HINT}`,
  });
}

/** A listing that hands out a place twice never ends. */
export function repeatedToken(token: string, context: ErrorContext): MangamotionError {
  return notS3(`with the same part of the listing over and over (${token})`, context);
}

function transportHint(code: string): string {
  if (WRONG_PROTOCOL.has(code))
    return 'The server does not speak TLS there: set MINIO_USE_SSL=false.';
  const hint = BY_SYSTEM_CODE[code];
  if (hint !== undefined) return hint;
  if (CERTIFICATE.test(code)) return 'Give the CA that signed the certificate with MINIO_CA_FILE.';
  if (code.startsWith('HPE_')) {
    return 'The answer is not HTTP; a server that speaks TLS needs MINIO_USE_SSL=true.';
  }
  return ENDPOINT_HINT;
}

/** The code of a system or vendor error; `''` where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** The S3 code behind an error that users see; `''` where there is none. */
export function s3CodeOf(error: unknown): string {
  return error instanceof MangamotionError ? codeOf(error.cause) : '';
}

function reasonOf(error: unknown, code: string): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with an AggregateError, whose own message is empty.
  const parts = error instanceof AggregateError ? error.errors : [error];
  const reasons = parts.map((part: unknown) =>
    part instanceof Error ? part.message : String(part),
  );
  const said = reasons.map(plainly).filter((reason) => reason !== '');
  return said.join('; ') || code || error.name;
}

/** Without what OpenSSL adds: addresses and places in its source, and a second line. */
function plainly(message: string): string {
  const openSsl = /:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):/.exec(message);
  return openSsl === null ? (message.split('\n')[0] ?? '') : `TLS: ${openSsl[1] ?? ''}`;
}

/**
 * True where the same request may succeed a moment later: not for a certificate that is not
 * trusted, nor for an answer in another protocol.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof MangamotionError) || error.code !== 'unreachable') return false;
  const code = codeOf(error.cause);
  return !WRONG_PROTOCOL.has(code) && !CERTIFICATE.test(code) && !code.startsWith('HPE_');
}

/** True where an object is not, or no longer, the one whose ETag was asked for. */
export function isObjectChanged(error: unknown): boolean {
  return isMangamotionError(error, 'not_found') && s3CodeOf(error) === 'PreconditionFailed';
}

/** True where an object was to be created that is there already. */
export function isObjectInTheWay(error: unknown): boolean {
  return isMangamotionError(error, 'refused') && s3CodeOf(error) === 'PreconditionFailed';
}
