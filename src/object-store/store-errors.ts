import { isMangamotionError, MangamotionError, type FailedRequest } from '../errors.js';
import { operationOf, type RequestLine } from './operations.js';
import { AnswerTooLarge, UnexpectedAnswer } from './unexpected-answer.js';
import { PLAIN_HINTS, type SettingHints, type StoreHints } from './hint-kinds.js';
import { FOREIGN_NOT_FOUND, unreadableFor, verdictOf, type Unreadable } from './verdicts.js';

export { isUnexpectedAnswer } from './unexpected-answer.js';

/** An error answer of the server. It is the `cause` of the error that users see. */
export class S3ResponseError extends Error {
  override readonly name = 'S3ResponseError';
  /**
   * The S3 error code (`NoSuchKey`), or one derived from the status if the answer has none (HEAD).
   */
  readonly code: string;
  readonly statusCode: number;
  /** The bucket's region, if the server names it to a client that signed for another one. */
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
  request: RequestLine;
  /** Hints that name the user's settings; the neutral ones if absent. */
  hints?: StoreHints | undefined;
}

/** Translates an error of the client. Translated errors, and bugs (no code), stay as they are. */
export function translateError(error: unknown, context: ErrorContext): unknown {
  if (error instanceof MangamotionError) return error;
  if (error instanceof S3ResponseError) return fromResponse(error, context);
  return codeOf(error) === '' ? error : fromTransport(error, context);
}

/** Returns the start of a message: `BUCKET/KEY: OPERATION`. */
function placeOf({ request }: ErrorContext): string {
  const { bucket, key } = request;
  const { name } = operationOf(request);
  if (bucket === undefined) return name;
  return `${key === undefined ? bucket : `${bucket}/${key}`}: ${name}`;
}

function hintsOf({ hints = PLAIN_HINTS }: ErrorContext): StoreHints {
  return hints;
}

/** The words for an answer that is no S3 error document. */
export const NO_DOCUMENT = 'no S3 error document';

/** Translates an error answer: what was requested, what the server answered, and what to check. */
function fromResponse(error: S3ResponseError, context: ErrorContext): MangamotionError {
  if (error.code === FOREIGN_NOT_FOUND) return notS3(error.message, context, error.statusCode);
  const { code, hint, check, reason, lacksRight } = verdictOf(error);
  const { name, right, resource } = operationOf(context.request);
  const said = `${error.code} (status ${error.statusCode})${error.message === '' ? '' : `: ${error.message.replace(/\.$/, '')}`}`;
  const needed = lacksRight && right !== null ? `; ${name} needs ${right} on ${resource}` : '';
  const why = reason === undefined ? '' : `${reason}; `;
  const given = check === undefined ? hint : hintsOf(context)[check];
  // What is no S3 document, or passes, may come from something on the way.
  const isForeign = code === 'unreachable' || error.message.startsWith(NO_DOCUMENT);
  const way = isForeign ? hintsOf(context).way : undefined;
  const hints = [way, given].filter((text) => text !== undefined);
  const answer = `${why}${context.endpoint} answered ${said}${needed}`;
  return new MangamotionError(code, `${placeOf(context)}: ${answer}`, {
    hint: hints.length === 0 ? undefined : hints.join(' '),
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
  EAI_AGAIN: 'The DNS server does not answer.',
  CERT_HAS_EXPIRED: 'Renew the certificate of the server, or set the clock of this machine.',
  CERT_NOT_YET_VALID: 'Set the clock of this machine, or of the one that made the certificate.',
};

/** The setting to check, by system error code. */
const CHECK_BY_SYSTEM_CODE: Record<string, keyof SettingHints> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknownName',
  ERR_TLS_CERT_ALTNAME_INVALID: 'serverName',
};

/** Translates a failure to get an answer: refused, cut, timed out, or not understood. */
function fromTransport(error: unknown, context: ErrorContext): MangamotionError {
  const code = codeOf(error);
  if (INVALID_REQUEST.has(code)) return unsendable(error, context);
  // Without a bucket, the failure concerns the whole store, and the endpoint is enough.
  const place = context.request.bucket === undefined ? '' : `${placeOf(context)}: `;
  return new MangamotionError(
    'unreachable',
    `${place}${context.endpoint} cannot be reached: ${reasonOf(error, code)}`,
    {
      hint: isCutHandshake(error) ? hintsOf(context).noTls : transportHint(code, hintsOf(context)),
      cause: error,
      request: unanswered(context, code),
    },
  );
}

/** Node's words for a server that takes the connection, and ends it at the first bytes of TLS. */
function isCutHandshake(error: unknown): boolean {
  return error instanceof Error && error.message.includes('before secure TLS connection was');
}

function unanswered({ request }: ErrorContext, code: string): FailedRequest {
  return { operation: operationOf(request).name, status: null, code };
}

/** Node's error codes for a header or path that HTTP cannot carry. Such a request is never sent. */
const INVALID_REQUEST = new Set([
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_UNESCAPED_CHARACTERS',
]);

function unsendable(error: unknown, context: ErrorContext): MangamotionError {
  return new MangamotionError(
    'refused',
    `${placeOf(context)}: the request cannot be sent: ${reasonOf(error, '')}`,
    { cause: error, request: unanswered(context, codeOf(error)) },
  );
}

/** Returns the error for an answer that is not S3's: `ENDPOINT answered WHAT`. */
export function notS3(what: string, context: ErrorContext, status = 200): MangamotionError {
  return unexpected(new UnexpectedAnswer(`answered ${what}`), context, status);
}

/** Returns the error that users see for an unexpected or too large answer. */
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

/** Returns the error for a listing that returns the same token again, and so never ends. */
export function repeatedToken(token: string, context: ErrorContext): MangamotionError {
  return notS3(`with the same part of the listing over and over (${token})`, context);
}

function transportHint(code: string, hints: StoreHints): string {
  return BY_SYSTEM_CODE[code] ?? hints[settingToCheck(code)];
}

function settingToCheck(code: string): keyof SettingHints {
  if (WRONG_PROTOCOL.has(code)) return 'noTls';
  const known = CHECK_BY_SYSTEM_CODE[code];
  if (known !== undefined) return known;
  if (CERTIFICATE.test(code)) return 'certificate';
  return code.startsWith('HPE_') ? 'notHttp' : 'address';
}

/** Returns the code of a system or library error; `''` if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** Returns the S3 error code behind an error that users see; `''` if there is none. */
export function s3CodeOf(error: unknown): string {
  return error instanceof MangamotionError ? codeOf(error.cause) : '';
}

function reasonOf(error: unknown, code: string): string {
  if (!(error instanceof Error)) return String(error);
  // A host name with several addresses fails with an AggregateError, whose own message is empty.
  const parts = error instanceof AggregateError ? error.errors : [error];
  const reasons = parts.map((part: unknown) =>
    part instanceof Error ? part.message : String(part),
  );
  const said = reasons.map(plainly).filter((reason) => reason !== '');
  return said.join('; ') || code || error.name;
}

/** Shortens OpenSSL's messages, which include addresses, source locations and a second line. */
function plainly(message: string): string {
  const openSsl = /:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):/.exec(message);
  return openSsl === null ? (message.split('\n')[0] ?? '') : `TLS: ${openSsl[1] ?? ''}`;
}

/** The code of a proxy's refusal of the user or the server: a second attempt gets the same answer. */
export const PROXY_REFUSED = 'EPROXYREFUSED';

/** Whether the same request may succeed later: not with an untrusted certificate, for example. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof MangamotionError) || error.code !== 'unreachable') return false;
  if (error.cause instanceof AnswerTooLarge) return false;
  const code = codeOf(error.cause);
  if (code === PROXY_REFUSED) return false;
  return !WRONG_PROTOCOL.has(code) && !CERTIFICATE.test(code) && !code.startsWith('HPE_');
}

/** Whether a read failed because the object's ETag is not the requested one. */
export function isObjectChanged(error: unknown): boolean {
  return isMangamotionError(error, 'not_found') && s3CodeOf(error) === 'PreconditionFailed';
}

/** Whether a conditional write failed because the object already exists. */
export function isObjectInTheWay(error: unknown): boolean {
  return isMangamotionError(error, 'refused') && s3CodeOf(error) === 'PreconditionFailed';
}

/**
 * Returns why an existing object cannot be read: it is in cold storage, encrypted with a client's
 * key (SSE-C), or its KMS key is unavailable. `undefined` otherwise.
 */
export function whyUnreadable(error: unknown): Unreadable | undefined {
  if (!isMangamotionError(error) || !(error.cause instanceof S3ResponseError)) return undefined;
  return unreadableFor(verdictOf(error.cause));
}
