import { describe, expect, it } from 'vitest';
import { checkNames } from '../../../../src/object-store/s3/s3-requests.js';

const check = (bucket: string, key?: string) => () =>
  checkNames({ method: 'GET', bucket, key, query: 'list-type=2' });

describe('the name of a bucket', () => {
  it.each([
    'abc',
    'Old_Bucket',
    'UPPER.CASE_and-1',
    'a',
    'x'.repeat(255),
    'tenant:bucket',
    '_',
    'a..b',
  ])('may be %j', (bucket) => {
    expect(check(bucket)).not.toThrow();
  });

  it.each([
    '',
    '.',
    '..',
    '...',
    'fgb?x',
    'a/b',
    'a\\b',
    'a#b',
    'a b',
    'a%2fb',
    'a\nb',
    'a\u0000',
    'é',
    '\udcff',
    'x'.repeat(256),
  ])('cannot be %j', (bucket) => {
    expect(check(bucket)).toThrow(
      expect.objectContaining({
        code: 'refused',
        request: { operation: 'ListObjectsV2', status: null, code: 'InvalidBucketName' },
      }) as Error,
    );
  });
});

describe('a key', () => {
  it('is not empty: the request would be one to its bucket', () => {
    expect(check('bucket', '')).toThrow('empty key');
    expect(check('bucket', '..')).not.toThrow();
  });
});
