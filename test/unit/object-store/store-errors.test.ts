import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import {
  isTransient,
  S3ResponseError,
  translated,
} from '../../../src/object-store/store-errors.js';

const CONTEXT = { endpoint: 'http://store:9000', subject: 'photos/a.jpg' };

function answered(code: string, status: number): unknown {
  return translated(new S3ResponseError(code, status, 'Said the server.'), CONTEXT);
}

function system(code: string, message = 'it broke'): unknown {
  return translated(Object.assign(new Error(message), { code }), CONTEXT);
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
      message: `photos/a.jpg: http://store:9000 answered ${code} (status ${status}): Said the server`,
      cause: { code, statusCode: status },
    });
    const given = error instanceof MangamotionError ? error.hint : undefined;
    if (hint === undefined) expect(given).toBeUndefined();
    else expect(given).toContain(hint);
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
    expect(error).toMatchObject({ code: 'unreachable', hint: expected, cause: { code } });
    expect(isTransient(error)).toBe(transient);
  });

  it('to a name with several addresses tells of each', () => {
    const parts = [
      new Error('connect ECONNREFUSED ::1'),
      new Error('connect ECONNREFUSED 127.0.0.1'),
    ];
    const error = Object.assign(new AggregateError(parts), { code: 'ECONNREFUSED' });
    const message: unknown = expect.stringContaining('::1; connect ECONNREFUSED 127.0.0.1');
    expect(translated(error, CONTEXT)).toMatchObject({ message });
  });

  it('that cannot carry a header was never tried', () => {
    expect(system('ERR_INVALID_CHAR')).toMatchObject({ code: 'refused' });
  });

  it('does not hide a bug, nor an error of ours', () => {
    const bug = new TypeError('undefined is not a function');
    const ours = new MangamotionError('damaged', 'flipped');
    expect(translated(bug, CONTEXT)).toBe(bug);
    expect(translated(ours, CONTEXT)).toBe(ours);
  });
});
