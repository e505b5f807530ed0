import { describe, expect, it } from 'vitest';
import { isS3Url, parseS3Url, splitS3Url } from '../../../../src/repository/s3/s3-location.js';

describe('an s3:// URL', () => {
  it.each([
    ['s3://bucket', 'bucket', '', 's3://bucket'],
    ['s3://bucket/', 'bucket', '', 's3://bucket'],
    ['s3://bucket/a', 'bucket', 'a/', 's3://bucket/a'],
    ['S3://bucket/a/b//', 'bucket', 'a/b/', 's3://bucket/a/b'],
  ])('%s names a bucket and a prefix', (text, bucket, prefix, url) => {
    expect(isS3Url(text)).toBe(true);
    expect(parseS3Url(text)).toEqual({ url, bucket, prefix });
  });

  it.each(['s3://', 's3:///a', 's3://a', 's3://-no-/x', 's3://bucket/a//b', 's3://bucket/../x'])(
    '%s is refused',
    (text) => {
      expect(() => parseS3Url(text)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    },
  );

  it('ends in the name of a backup', () => {
    expect(splitS3Url('s3://bucket/name')).toEqual({ folder: 's3://bucket', name: 'name' });
    expect(splitS3Url('s3://bucket/a/name')).toEqual({ folder: 's3://bucket/a', name: 'name' });
    expect(splitS3Url('s3://bucket')).toBeUndefined();
  });
});
