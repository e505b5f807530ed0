import { describe, expect, it } from 'vitest';
import type { RequestLine } from '../../../src/object-store/operations.js';
import { SOURCE_STORE_HINTS } from '../../../src/config/hints.js';
import { MangamotionError, messageOf } from '../../../src/errors.js';
import {
  isTransient,
  isUnexpectedAnswer,
  notS3,
  repeatedToken,
  S3ResponseError,
  translateError,
  whyUnreadable,
} from '../../../src/object-store/store-errors.js';

const CONTEXT = {
  endpoint: 'http://store:9000',
  request: { method: 'GET', bucket: 'photos', key: 'a.jpg' },
  hints: SOURCE_STORE_HINTS,
} as const;

function answered(code: string, status: number): unknown {
  return translateError(new S3ResponseError(code, status, 'Said the server.'), CONTEXT);
}

function system(code: string, message = 'it broke'): unknown {
  return translateError(Object.assign(new Error(message), { code }), CONTEXT);
}

describe('the answer of a server', () => {
  it.each([
    ['InvalidAccessKeyId', 403, 'access_denied', 'MINIO_ACCESS_KEY'],
    ['SignatureDoesNotMatch', 403, 'access_denied', 'MINIO_SECRET_KEY'],
    ['AccessDenied', 403, 'access_denied', 'MINIO_ACCESS_KEY'],
    ['Anything', 401, 'access_denied', 'MINIO_SECRET_KEY'],
    ['ExpiredToken', 400, 'access_denied', 'MINIO_ACCESS_KEY'],
    ['RequestTimeTooSkewed', 403, 'access_denied', 'clock'],
    ['NoSuchKey', 404, 'not_found', undefined],
    ['Anything', 404, 'not_found', undefined],
    ['PreconditionFailed', 412, 'not_found', undefined],
    ['InvalidRange', 416, 'not_found', undefined],
    ['SlowDown', 503, 'unreachable', undefined],
    ['InternalError', 500, 'unreachable', undefined],
    ['Anything', 429, 'unreachable', undefined],
    ['RequestTimeout', 400, 'unreachable', undefined],
    ['BadDigest', 400, 'damaged', undefined],
    ['XAmzContentSHA256Mismatch', 400, 'damaged', undefined],
    ['BucketNotEmpty', 409, 'refused', undefined],
    ['NotImplemented', 501, 'refused', undefined],
    ['QuotaExceeded', 403, 'refused', 'quota'],
    ['XMinioStorageFull', 507, 'refused', 'full'],
    ['MetadataTooLarge', 400, 'refused', '2 KB'],
    ['PermanentRedirect', 301, 'refused', 'MINIO_ENDPOINT'],
    ['constructor', 400, 'refused', undefined],
  ])('%s (status %i) becomes %s', (code, status, expected, hint) => {
    const error = answered(code, status);
    expect(error).toMatchObject({
      code: expected,
      cause: { code, statusCode: status },
      request: { operation: 'GetObject', status, code },
    });
    const said = `photos/a.jpg: GetObject: http://store:9000 answered ${code} (status ${status}): Said the server`;
    expect(messageOf(error)).toContain(said);
    const given = error instanceof MangamotionError ? error.hint : undefined;
    if (hint === undefined) expect(given).toBeUndefined();
    else expect(given).toContain(hint);
  });
});

describe('a status', () => {
  const PASSING = [408, 429, 499, 500, 502, 503, 504, 509, 520, 521, 522, 523, 524];

  it('is worth another attempt where it is one of the list, and no other is', () => {
    for (let status = 300; status < 600; status += 1) {
      expect(isTransient(answered('Anything', status))).toBe(PASSING.includes(status));
    }
  });

  it.each([402, 405, 406, 409, 410, 411, 415, 418, 422, 451, 501, 505, 506, 508, 510, 511])(
    'of %i is a refusal, with operation, status and code',
    (status) => {
      expect(answered('Odd', status)).toMatchObject({
        code: 'refused',
        request: { operation: 'GetObject', status, code: 'Odd' },
      });
    },
  );

  it('does not count where the code says that it passes', () => {
    for (const code of ['SlowDown', 'ThrottlingException', 'RequestTimeout', 'InternalError']) {
      expect(isTransient(answered(code, 400))).toBe(true);
    }
    expect(isTransient(answered('NotImplemented', 500))).toBe(false);
  });
});

describe('a refusal for want of a right', () => {
  const denied = (request: RequestLine) =>
    translateError(new S3ResponseError('AccessDenied', 403, ''), { endpoint: 'http://s', request });

  it.each([
    [{ method: 'GET' }, 'ListBuckets needs s3:ListAllMyBuckets on all buckets'],
    [
      { method: 'GET', bucket: 'b', query: 'encoding-type=url&list-type=2&prefix=' },
      'ListObjectsV2 needs s3:ListBucket on bucket b',
    ],
    [{ method: 'HEAD', bucket: 'b', key: 'k' }, 'HeadObject needs s3:GetObject on b/k'],
  ] as const)('names it: %o', (request, right) => {
    const message: unknown = expect.stringContaining(right);
    expect(denied(request)).toMatchObject({ code: 'access_denied', message });
  });

  it('is not one for want of the right keys', () => {
    expect(messageOf(answered('InvalidAccessKeyId', 403))).not.toContain('needs');
  });
});

describe('an object that is there and cannot be read', () => {
  const SSE_C =
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.';

  it.each([
    ['InvalidObjectState', 403, '', 'cold-storage', 'in cold storage'],
    ['InvalidRequest', 400, SSE_C, 'client-key', 'a client key (SSE-C): only its owner'],
    ['InvalidArgument', 400, SSE_C, 'client-key', 'a client key (SSE-C): only its owner'],
    ['KMS.DisabledException', 400, 'x is disabled.', 'kms', '(KMS)'],
    ['KMS.NotFoundException', 400, '', 'kms', '(KMS)'],
    ['kms:Decrypt', 403, '', 'kms', '(KMS)'],
    ['XMinioKMSKeyNotFoundException', 400, '', 'kms', '(KMS)'],
    ['XMinioKMSNotConfigured', 501, '', 'kms', '(KMS)'],
    ['InvalidRequest', 400, 'Something else.', undefined, 'InvalidRequest'],
    ['AccessDenied', 403, '', undefined, 'AccessDenied'],
  ])('says why: %s (%i %s)', (code, status, text, why, said) => {
    const error = translateError(new S3ResponseError(code, status, text), CONTEXT);
    expect(whyUnreadable(error)).toBe(why);
    expect(messageOf(error)).toContain(said);
    if (why !== undefined) expect(error).toMatchObject({ code: 'refused' });
    expect(isTransient(error)).toBe(false);
  });
});

describe('an answer that is none of S3', () => {
  it('is told apart from a server that is out of reach', () => {
    const error = notS3('with no Tagging', CONTEXT);
    expect(error).toMatchObject({
      message: 'photos/a.jpg: GetObject: http://store:9000 answered with no Tagging',
      request: { operation: 'GetObject', status: 200, code: 'UnexpectedAnswer' },
    });
    expect(isUnexpectedAnswer(error)).toBe(true);
    expect(isUnexpectedAnswer(repeatedToken('x', CONTEXT))).toBe(true);
    expect(isUnexpectedAnswer(system('ECONNRESET'))).toBe(false);
    expect(isUnexpectedAnswer(answered('SlowDown', 503))).toBe(false);
  });
});

describe('a connection', () => {
  it.each([
    ['ECONNREFUSED', 'Is the server running', true],
    ['ENOTFOUND', 'name is not known', true],
    ['ECONNRESET', 'MINIO_ENDPOINT', true],
    ['ETIMEDOUT', 'MINIO_ENDPOINT', true],
    ['EPROTO', 'MINIO_USE_SSL=false', false],
    ['HPE_INVALID_CONSTANT', 'MINIO_USE_SSL=true', false],
    ['CERT_HAS_EXPIRED', 'clock', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'MINIO_ENDPOINT', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'MINIO_CA_FILE', false],
  ])('that fails with %s is unreachable, with a hint', (code, hint, transient) => {
    const error = system(code);
    const expected: unknown = expect.stringContaining(hint);
    const request = { operation: 'GetObject', status: null, code };
    expect(error).toMatchObject({ code: 'unreachable', hint: expected, cause: { code }, request });
    expect(isTransient(error)).toBe(transient);
  });

  it('to a name with several addresses tells of each', () => {
    const parts = [
      new Error('connect ECONNREFUSED ::1'),
      new Error('connect ECONNREFUSED 127.0.0.1'),
    ];
    const error = Object.assign(new AggregateError(parts), { code: 'ECONNREFUSED' });
    const message: unknown = expect.stringContaining('::1; connect ECONNREFUSED 127.0.0.1');
    expect(translateError(error, CONTEXT)).toMatchObject({ message });
  });

  it('that cannot carry a header was never tried', () => {
    expect(system('ERR_INVALID_CHAR')).toMatchObject({ code: 'refused' });
  });

  it('does not hide a bug, nor an error of ours', () => {
    const bug = new TypeError('undefined is not a function');
    const ours = new MangamotionError('damaged', 'flipped');
    expect(translateError(bug, CONTEXT)).toBe(bug);
    expect(translateError(ours, CONTEXT)).toBe(ours);
  });
});
