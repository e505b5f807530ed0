import { describe, expect, it } from 'vitest';
import { attributeHeaders, objectHead } from '../../../src/object-store/object-headers.js';

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
    ['no date', { ...HEADERS, 'last-modified': undefined }],
    ['a date that is none', { ...HEADERS, 'last-modified': 'yesterday' }],
    ['a part of unknown size', { ...HEADERS, 'content-range': 'bytes 0-1/*' }],
  ])('is none with %s', (_, headers) => {
    expect(objectHead(headers, false)).toBeNull();
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
});
