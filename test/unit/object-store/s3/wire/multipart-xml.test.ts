import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  completionDocument,
  multipartEtag,
  parseCompletion,
  parseCopy,
  parsePartsPage,
  parseUploadId,
  parseUploadsPage,
} from '../../../../../src/object-store/s3/wire/multipart-xml.js';

const ETAGS = ['a', 'b', 'c'].map((text) => createHash('md5').update(text).digest('hex'));
const PARTS = [10, 2, 1].map((partNumber, index) => ({ partNumber, etag: ETAGS[index] ?? '' }));

describe('the documents of a multipart upload', () => {
  it('name the parts in the order of their numbers, and leave the list as it is', () => {
    const numbers = [...completionDocument(PARTS).matchAll(/<PartNumber>(\d+)</g)];
    expect(numbers.map(([, number]) => number)).toEqual(['1', '2', '10']);
    expect(PARTS.map(({ partNumber }) => partNumber)).toEqual([10, 2, 1]);
  });

  it('quote and escape the ETags', () => {
    const document = completionDocument([{ partNumber: 1, etag: 'a<b' }]);
    expect(document).toContain('<ETag>&#34;a&#60;b&#34;</ETag>');
  });

  it('tell the id of the upload', () => {
    const answer = (id: string) =>
      `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
    expect(parseUploadId(answer('2~a&amp;b'))).toBe('2~a&b');
    expect(parseUploadId(answer(''))).toBeNull();
    expect(parseUploadId('<Error/>')).toBeNull();
  });

  it('tell the ETag of the object without quotes, or that there is none', () => {
    const answer = (etag: string) =>
      `\n  <CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`;
    expect(parseCompletion(answer('&quot;abc-2&quot;'))).toBe('abc-2');
    expect(parseCompletion(answer(''))).toBe('');
    expect(parseCompletion('<Error><Code>InternalError</Code></Error>')).toBeNull();
  });

  it('list the parts of an upload, and where the next page begins', () => {
    const part =
      '<Part><PartNumber>2</PartNumber><Size>7</Size><ETag>&quot;abc&quot;</ETag></Part>';
    const answer = (inner: string) => `<ListPartsResult>${inner}</ListPartsResult>`;
    const parts = [{ partNumber: 2, sizeBytes: 7, etag: 'abc' }];
    expect(parsePartsPage('<ListPartsResult/>')).toEqual({ parts: [], nextMarker: null });
    expect(parsePartsPage(answer(part))).toEqual({ parts, nextMarker: null });
    const more = '<IsTruncated>true</IsTruncated>';
    const marker = '<NextPartNumberMarker>2</NextPartNumberMarker>';
    expect(parsePartsPage(answer(part + more + marker))).toEqual({ parts, nextMarker: 2 });
    expect(parsePartsPage(answer(part + more))).toBeNull();
    expect(parsePartsPage(answer('<Part><PartNumber>x</PartNumber></Part>'))).toBeNull();
    expect(parsePartsPage('<html/>')).toBeNull();
  });

  it('tell the ETag of a copy, and that an error or an empty answer is none', () => {
    const answer = '<CopyPartResult><ETag>"abc"</ETag></CopyPartResult>';
    expect(parseCopy(answer, 'CopyPartResult')).toBe('abc');
    for (const other of ['', '<Error><Code>x</Code></Error>', '<CopyPartResult/>', answer]) {
      expect(parseCopy(other, 'CopyObjectResult')).toBeNull();
    }
    expect(parseCopy('<CopyPartResult/>', 'CopyPartResult')).toBeNull();
  });
});

describe('the ETag of an object made of parts', () => {
  it('is made of theirs, in the order of their numbers', () => {
    const joined = Buffer.from([...ETAGS].reverse().join(''), 'hex');
    const md5 = createHash('md5').update(joined).digest('hex');
    expect(multipartEtag(PARTS)).toBe(`${md5}-3`);
  });

  it('is not known where one of theirs is not an MD5', () => {
    expect(multipartEtag([...PARTS, { partNumber: 11, etag: 'f00d' }])).toBeNull();
  });
});

describe('a page of uploads', () => {
  const page = (inner: string) =>
    `<ListMultipartUploadsResult>${inner}</ListMultipartUploadsResult>`;
  const upload = (key: string) =>
    `<Upload><Key>${key}</Key><UploadId>id</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></Upload>`;

  it('tells key, id and time of each', () => {
    const last = '<IsTruncated>false</IsTruncated><NextKeyMarker>x</NextKeyMarker>';
    expect(parseUploadsPage(page(upload('a &amp; b%20c+d') + upload('') + last))).toEqual({
      objects: [
        { key: 'a & b%20c+d', uploadId: 'id', initiatedAt: '2026-01-01T00:00:00Z' },
        { key: '', uploadId: 'id', initiatedAt: '2026-01-01T00:00:00Z' },
      ],
      wasEncoded: false,
      nextToken: null,
    });
  });

  it('decodes keys only where the server says that it encoded them', () => {
    const encoded = '<EncodingType>url</EncodingType>';
    const parsed = parseUploadsPage(page(encoded + upload('a+b%01%20')));
    expect(parsed).toMatchObject({ objects: [{ key: 'a b\u0001 ' }], wasEncoded: true });
  });

  it('goes on where the server says, in the form of a query', () => {
    const truncated =
      '<IsTruncated>true</IsTruncated><NextKeyMarker>a &amp;b</NextKeyMarker><NextUploadIdMarker>2~x</NextUploadIdMarker>';
    expect(parseUploadsPage(page(truncated))?.nextToken).toBe(
      'key-marker=a%20%26b&upload-id-marker=2~x',
    );
  });

  it('that goes on, but not from where, is no answer, nor is an upload without an id', () => {
    expect(parseUploadsPage(page('<IsTruncated>true</IsTruncated>'))).toBeNull();
    expect(parseUploadsPage(page('<Upload><Key>a</Key></Upload>'))).toBeNull();
    expect(parseUploadsPage('<ListBucketResult/>')).toBeNull();
  });
});
