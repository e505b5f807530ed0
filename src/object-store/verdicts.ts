import type { ErrorCode } from '../errors.js';
import type { SettingHints } from './hint-kinds.js';

/** Maps S3 error codes and statuses to what they mean for the user. Pure data. */

export interface Verdict {
  code: ErrorCode;
  hint?: string;
  /** The setting to check, instead of a hint. */
  check?: keyof SettingHints;
  /** Present if a right is missing, which the message then names. */
  lacksRight?: true;
  /** A plain description of the cause, which precedes the server's own words. */
  reason?: string;
}

const CLOCK_HINT = 'Set the clock of this machine: S3 refuses requests that are 15 minutes off.';
const HEADERS_HINT =
  'The server may not accept the headers: S3 allows 2 KB of user metadata, and 8 KB of headers in all.';

const NO_RIGHT: Verdict = { code: 'access_denied', check: 'rights', lacksRight: true };
const PASSING: Verdict = { code: 'unreachable' };
/** Stands in for the S3 error code if the connection broke before the code was read. */
export const BROKEN_OFF = 'AnswerBrokenOff';
/**
 * Stands for the S3 error code of a 404 that is not an S3 error document: that of a proxy or an ingress
 * in front of the store, which proves nothing of what the store holds.
 */
export const FOREIGN_NOT_FOUND = 'ForeignNotFound';

const COLD: Verdict = {
  code: 'refused',
  reason: 'the object is in cold storage',
  hint: 'Restore the object in the store first (RestoreObject): an archive class cannot be read directly.',
};

const CLIENT_KEY: Verdict = {
  code: 'refused',
  reason: 'the object is encrypted with a client key (SSE-C): only its owner can read it',
};

const KMS: Verdict = {
  code: 'refused',
  reason: 'its encryption key cannot be used (KMS)',
  hint: 'Check that the key exists, is enabled, and may be used with these credentials.',
};

const BY_S3_CODE = new Map<string, Verdict>(
  Object.entries({
    InvalidAccessKeyId: { code: 'access_denied', check: 'keys' },
    SignatureDoesNotMatch: { code: 'access_denied', check: 'signature' },
    AccessDenied: NO_RIGHT,
    ExpiredToken: { code: 'access_denied', check: 'keys' },
    InvalidToken: { code: 'access_denied', check: 'keys' },
    RequestTimeTooSkewed: { code: 'access_denied', hint: CLOCK_HINT },
    RequestExpired: { code: 'access_denied', hint: CLOCK_HINT },
    InvalidObjectState: COLD,
    NoSuchKey: { code: 'not_found' },
    NoSuchBucket: { code: 'not_found' },
    NoSuchVersion: { code: 'not_found' },
    NotFound: { code: 'not_found' },
    PreconditionFailed: { code: 'not_found' },
    InvalidRange: { code: 'not_found' },
    SlowDown: PASSING,
    SlowDownRead: PASSING,
    SlowDownWrite: PASSING,
    [BROKEN_OFF]: PASSING,
    RequestTimeout: PASSING,
    RequestLimitExceeded: PASSING,
    TooManyRequests: PASSING,
    IncompleteBody: PASSING,
    OperationAborted: PASSING,
    // Two conditional writes collided; S3 asks the loser to try again.
    ConditionalRequestConflict: PASSING,
    // These also come with status 200, which S3 sends before a long operation has ended.
    InternalError: PASSING,
    ServiceUnavailable: PASSING,
    BadDigest: { code: 'damaged' },
    XAmzContentSHA256Mismatch: { code: 'damaged' },
    XAmzContentChecksumMismatch: { code: 'damaged' },
    QuotaExceeded: { code: 'refused', hint: 'The quota of the bucket or the user is used up.' },
    XMinioStorageFull: { code: 'refused', hint: 'The store is full.' },
    NotImplemented: { code: 'refused' },
    HttpsExpected: { code: 'unreachable', check: 'needsTls' },
    MetadataTooLarge: { code: 'refused', hint: HEADERS_HINT },
    RequestHeaderSectionTooLarge: { code: 'refused', hint: HEADERS_HINT },
    BadRequest: { code: 'refused', hint: HEADERS_HINT },
  } satisfies Record<string, Verdict>),
);

/** Statuses that are retried. 499, 509 and 520 to 524 come from proxies (nginx, Cloudflare). */
const PASSING_STATUSES = new Set([408, 429, 499, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524]);

const BY_STATUS: Record<number, Verdict> = {
  401: { code: 'access_denied', check: 'keys' },
  403: NO_RIGHT,
  404: { code: 'not_found' },
  412: { code: 'not_found' },
  431: { code: 'refused', hint: HEADERS_HINT },
  507: { code: 'refused', hint: 'The store is full.' },
};

/** Matches codes of AWS (`KMS.DisabledException`) and MinIO (`XMinioKMSKeyNotFoundException`). */
const KMS_CODE = /^(?:XMinio)?KMS/i;
const THROTTLED = /throttl/i;
/** Matches the message with which AWS, MinIO and Ceph ask for the client's encryption key. */
const ASKS_FOR_CLIENT_KEY = /server[ -]side encryption/i;

export function verdictOf({
  code: s3Code,
  statusCode: status,
  message,
}: {
  code: string;
  statusCode: number;
  message: string;
}): Verdict {
  const known = BY_S3_CODE.get(s3Code);
  if (known !== undefined) return known;
  if (PASSING_STATUSES.has(status) || THROTTLED.test(s3Code)) return PASSING;
  if (KMS_CODE.test(s3Code)) return KMS;
  if (['InvalidRequest', 'InvalidArgument'].includes(s3Code) && ASKS_FOR_CLIENT_KEY.test(message))
    return CLIENT_KEY;
  const byStatus = BY_STATUS[status];
  if (byStatus !== undefined) return byStatus;
  if (status >= 300 && status < 400) return { code: 'refused', check: 'address' };
  return { code: 'refused' };
}

/** A known reason why an existing object cannot be read. */
export type Unreadable = 'cold-storage' | 'client-key' | 'kms';

export function unreadableFor(verdict: Verdict): Unreadable | undefined {
  if (verdict === COLD) return 'cold-storage';
  if (verdict === CLIENT_KEY) return 'client-key';
  return verdict === KMS ? 'kms' : undefined;
}
