import { isMangamotionError, MangamotionError, type FailedRequest } from '../errors.js';
import { operationOf, type RequestLine } from './operations.js';
import { AnswerTooLarge, UnexpectedAnswer } from './unexpected-answer.js';
import { PLAIN_HINTS, type StoreHints } from './hints.js';
import { unreadableFor, verdictOf, type Unreadable } from './verdicts.js';

export { isUnexpectedAnswer } from './unexpected-answer.js';

/** An answer of the server that is not a success; the `cause` of the error that users see. */
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

/** The request that failed, and where it was sent. */
export interface ErrorContext {
  endpoint: string;
  request: RequestLine;
  /** The settings that hints name; if absent, hints name none. */
  hints?: StoreHints | undefined;
}

/** An error of the client as the one that users see; errors of ours, and bugs (no code), stay. */
export function translateError(error: unknown, context: ErrorContext): unknown {
  if (error instanceof MangamotionError) return error;
  if (error instanceof S3ResponseError) return fromResponse(error, context);
  return codeOf(error) === '' ? error : fromTransport(error, context);
}

/** `SUBJECT: OPERATION`, with which the messages begin. */
function placeOf({ request }: ErrorContext): string {
  const { bucket, key } = request;
  const { name } = operationOf(request);
  if (bucket === undefined) return name;
  return `${key === undefined ? bucket : `${bucket}/${key}`}: ${name}`;
}

function hintsOf({ hints = PLAIN_HINTS }: ErrorContext): StoreHints {
  return hints;
}

/** Tells a user which answer came back, on what, and what to look at. */
function fromResponse(error: S3ResponseError, context: ErrorContext): MangamotionError {
  const { code, hint, check, reason, lacksRight } = verdictOf(error);
  const { name, right, resource } = operationOf(context.request);
  const said = `${error.code} (status ${error.statusCode})${error.message === '' ? '' : `: ${error.message.replace(/\.$/, '')}`}`;
  const needed = lacksRight && right !== null ? `; ${name} needs ${right} on ${resource}` : '';
  const why = reason === undefined ? '' : `${reason}; `;
  const answer = `${why}${context.endpoint} answered ${said}${needed}`;
  return new MangamotionError(code, `${placeOf(context)}: ${answer}`, {
    hint: check === undefined ? hint : hintsOf(context)[check],
    cause: error,
    request: { operation: name, status: error.statusCode, code: error.code },
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
  EAI_AGAIN: 'The name server does not answer.',
  CERT_HAS_EXPIRED: 'Renew the certificate of the server, or set the clock of this machine.',
  CERT_NOT_YET_VALID: 'Set the clock of this machine, or of the one that made the certificate.',
};

/** The same where a setting may be wrong. */
const CHECK_BY_SYSTEM_CODE: Record<string, keyof StoreHints> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknownName',
  ERR_TLS_CERT_ALTNAME_INVALID: 'serverName',
};

/** Tells a user that no answer came: refused, cut, silent, or not understood. */
function fromTransport(error: unknown, context: ErrorContext): MangamotionError {
  const code = codeOf(error);
  if (INVALID_REQUEST.has(code)) return unsendable(error, context);
  // A store out of reach is so whatever is requested of it as a whole.
  const place = context.request.bucket === undefined ? '' : `${placeOf(context)}: `;
  return new MangamotionError(
    'unreachable',
    `${place}${context.endpoint} cannot be reached: ${reasonOf(error, code)}`,
    {
      hint: transportHint(code, hintsOf(context)),
      cause: error,
      request: unanswered(context, code),
    },
  );
}

function unanswered({ request }: ErrorContext, code: string): FailedRequest {
  return { operation: operationOf(request).name, status: null, code };
}

/** A header or path that HTTP cannot carry never left this machine. */
const INVALID_REQUEST = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_UNESCAPED_CHARACTERS',
]);

function unsendable(error: unknown, context: ErrorContext): MangamotionError {
  return new MangamotionError(
    'refused',
    `${placeOf(context)}: cannot be sent: ${reasonOf(error, '')}`,
    { cause: error, request: unanswered(context, codeOf(error)) },
  );
}

/** Something answers, but not as S3 does: `answered WHAT`. `status` is that of the answer. */
export function notS3(what: string, context: ErrorContext, status = 200): MangamotionError {
  return unexpected(new UnexpectedAnswer(`answered ${what}`), context, status);
}

/** The error that users see, of an answer that is not what it should be. */
export function unexpected(
  cause: UnexpectedAnswer,
  context: ErrorContext,
  status: number,
): MangamotionError {
  const isTooLarge = cause instanceof AnswerTooLarge;
  return new MangamotionError(
    isTooLarge ? 'refused' : 'unreachable',
    `${placeOf(context)}: ${context.endpoint} ${cause.message}`,
    {
      hint: hintsOf(context).notS3,
      cause,
      request: { operation: operationOf(context.request).name, status, code: cause.code },
    },
  );
}

/** A listing that hands out a place twice never ends. */
export function repeatedToken(token: string, context: ErrorContext): MangamotionError {
  return notS3(`with the same part of the listing over and over (${token})`, context);
}

function transportHint(code: string, hints: StoreHints): string {
  return BY_SYSTEM_CODE[code] ?? hints[settingToCheck(code)];
}

function settingToCheck(code: string): keyof StoreHints {
  if (WRONG_PROTOCOL.has(code)) return 'noTls';
  const known = CHECK_BY_SYSTEM_CODE[code];
  if (known !== undefined) return known;
  if (CERTIFICATE.test(code)) return 'certificate';
  return code.startsWith('HPE_') ? 'notHttp' : 'address';
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

/** Removes what OpenSSL adds: addresses, places in its source, and a second line. */
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
  if (error.cause instanceof AnswerTooLarge) return false;
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

/**
 * Why an object that is there cannot be read: it lies in cold storage, is encrypted with a key of
 * its client (SSE-C), or with one that the key service does not give out. `undefined` otherwise.
 */
export function whyUnreadable(error: unknown): Unreadable | undefined {
  if (!isMangamotionError(error) || !(error.cause instanceof S3ResponseError)) return undefined;
  return unreadableFor(verdictOf(error.cause));
}
