import { describe, expect, it } from 'vitest';
import {
  attributeHeaders,
  checksumHeader,
  objectHead,
} from '../../../../../src/object-store/s3/wire/object-headers.js';

const HEADERS = {
  'content-length': '10',
  'last-modified': 'Tue, 24 Nov 2026 03:28:12 GMT',
  etag: '"49f68a5c8493ec2c0bf489821c21fc3b"',
};

describe('the head of an object', () => {
  it('is read from a plain answer', () => {
    expect(objectHead(HEADERS, false)).toEqual({
      sizeBytes: 10,
      etag: '49f68a5c8493ec2c0bf489821c21fc3b',
      lastModified: '2026-11-24T03:28:12.000Z',
      versionId: null,
      headers: {},
      metadata: {},
      missingMetadata: 0,
      tagCount: null,
      etagIsMd5: true,
      retention: null,
      legalHold: false,
      encryption: null,
      storageClass: null,
      checksums: {},
    });
  });

  it('has the size of the whole object where a part was read', () => {
    const range = { ...HEADERS, 'content-range': 'bytes 2-11/4711' };
    expect(objectHead(range, false)?.sizeBytes).toBe(4711);
  });

  it.each([
    ['no size', { ...HEADERS, 'content-length': undefined }],
    ['a part of unknown size', { ...HEADERS, 'content-range': 'bytes 0-1/*' }],
  ])('is none with %s', (_, headers) => {
    expect(objectHead(headers, false)).toBeNull();
  });

  it.each([undefined, 'yesterday'])('has no date where the server says %s', (date) => {
    expect(objectHead({ ...HEADERS, 'last-modified': date }, false)?.lastModified).toBe('');
  });

  it('counts the user metadata that no header can carry', () => {
    expect(objectHead({ ...HEADERS, 'x-amz-missing-meta': '2' }, false)?.missingMetadata).toBe(2);
    expect(objectHead({ ...HEADERS, 'x-amz-missing-meta': 'x' }, false)?.missingMetadata).toBe(0);
  });

  it('decodes the words of AWS, and takes those of others for text', () => {
    const word = { 'x-amz-meta-title': '=?UTF-8?B?w7Y=?= =?UTF-8?B?w7Y=?=' };
    const titleOf = (server: string) =>
      objectHead({ ...HEADERS, ...word, server }, false)?.metadata.title;
    expect(titleOf('AmazonS3')).toBe('öö');
    expect(titleOf('MinIO')).toBe(word['x-amz-meta-title']);
  });

  it.each([
    ['of several parts', { etag: '"49f68a5c8493ec2c0bf489821c21fc3b-7"' }],
    ['under KMS', { 'x-amz-server-side-encryption': 'aws:kms' }],
    ['under KMS, twice', { 'x-amz-server-side-encryption': 'aws:kms:dsse' }],
    ['under a customer’s key', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }],
    ['of another kind', { etag: '"abc"' }],
  ])('has no MD5 in the ETag of an object %s', (_, headers) => {
    expect(objectHead({ ...HEADERS, ...headers }, false)?.etagIsMd5).toBe(false);
  });

  it('has one under the store’s own key', () => {
    const headers = { ...HEADERS, 'x-amz-server-side-encryption': 'AES256' };
    expect(objectHead(headers, false)?.etagIsMd5).toBe(true);
  });

  it('has the size that is known from elsewhere where the answer says none', () => {
    const chunked = { ...HEADERS, 'content-length': undefined };
    expect(objectHead(chunked, false, 7)?.sizeBytes).toBe(7);
    expect(objectHead(HEADERS, false, 7)?.sizeBytes).toBe(10);
    expect(objectHead({ ...HEADERS, 'content-length': 'x' }, false, 7)).toBeNull();
  });

  it('has an ETag without the mark of a weak one', () => {
    const etag = `W/${HEADERS.etag}`;
    expect(objectHead({ ...HEADERS, etag }, false)?.etag).toBe('49f68a5c8493ec2c0bf489821c21fc3b');
  });

  it('says how it is encrypted, and in which class it is stored', () => {
    const headers = {
      ...HEADERS,
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-storage-class': 'GLACIER',
      'x-amz-website-redirect-location': '/elsewhere',
    };
    expect(objectHead(headers, false)).toMatchObject({
      encryption: { algorithm: 'aws:kms', keyId: 'key', bucketKey: true },
      storageClass: 'GLACIER',
      headers: { 'x-amz-website-redirect-location': '/elsewhere' },
    });
    const plain = { ...HEADERS, 'x-amz-storage-class': 'STANDARD' };
    expect(objectHead(plain, false)?.storageClass).toBeNull();
  });

  it('has the checksums that the server keeps, composite ones with the number of their parts', () => {
    const sums = (headers: Record<string, string>) =>
      objectHead({ ...HEADERS, ...headers }, false)?.checksums;
    const full = { 'x-amz-checksum-crc32c': 'yZRlqg==', 'x-amz-checksum-type': 'FULL_OBJECT' };
    expect(sums(full)).toEqual({ crc32c: 'yZRlqg==' });
    const parts = { 'x-amz-checksum-sha256': 'AAAA-3', 'x-amz-checksum-type': 'COMPOSITE' };
    expect(sums(parts)).toEqual({ sha256: 'AAAA-3' });
    expect(sums({ ...parts, 'x-amz-checksum-sha256': 'AAAA' })).toEqual({});
    expect(sums({ 'x-amz-checksum-md5000': 'x', 'x-amz-checksum-sha1': '' })).toEqual({});
  });

  it('counts tags where the server does: then none said is none', () => {
    expect(objectHead({ ...HEADERS, 'x-amz-tagging-count': '3' }, false)?.tagCount).toBe(3);
    expect(objectHead(HEADERS, true)?.tagCount).toBe(0);
  });

  it('has metadata by any name, in text', () => {
    const value = Buffer.from('é').toString('latin1');
    const head = objectHead(
      { ...HEADERS, 'x-amz-meta-__proto__': value, 'x-amz-meta-b': '=?UTF-8?q?caf=C3=A9?=' },
      false,
    );
    expect(Object.entries(head?.metadata ?? {})).toEqual([
      ['__proto__', 'é'],
      ['b', 'café'],
    ]);
  });
});

describe('the headers that store attributes', () => {
  it('are those of the port, metadata and tags', () => {
    const attributes = {
      headers: { 'content-type': 'image/png', expires: ' soon ' },
      metadata: { a: '\té ' },
      tags: [
        { key: 'a b', value: '1&2=3' },
        { key: 'é', value: '' },
      ],
    };
    expect(attributeHeaders(attributes)).toEqual({
      'content-type': 'image/png',
      expires: 'soon',
      'x-amz-meta-a': 'é',
      'x-amz-tagging': 'a%20b=1%262%3D3&%C3%A9=',
    });
    expect(attributeHeaders({})).toEqual({});
  });

  it('ask for the same encryption and storage class', () => {
    const encryption = { algorithm: 'aws:kms', keyId: 'key', bucketKey: true };
    expect(attributeHeaders({ encryption, storageClass: 'REDUCED_REDUNDANCY' })).toEqual({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    });
    expect(
      attributeHeaders({ encryption: { algorithm: 'AES256', keyId: null, bucketKey: false } }),
    ).toEqual({ 'x-amz-server-side-encryption': 'AES256' });
    expect(attributeHeaders({ encryption: null, storageClass: null })).toEqual({});
  });

  it('have one checksum of the whole object, as S3 takes no second', () => {
    expect(checksumHeader({ sha1: 'b', crc32c: 'a' })).toEqual({ 'x-amz-checksum-crc32c': 'a' });
    expect(checksumHeader({ sha256: 'AAAA-3' })).toEqual({});
    expect(checksumHeader({})).toEqual({});
    expect(attributeHeaders({ checksums: { crc32: 'a' } })).toEqual({});
  });
});
