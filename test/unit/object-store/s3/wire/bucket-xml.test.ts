import { describe, expect, it } from 'vitest';
import {
  locationDocument,
  parseBuckets,
  parseErrorDocument,
  parseLocation,
  parseTags,
} from '../../../../../src/object-store/s3/wire/bucket-xml.js';

describe('the buckets of an answer', () => {
  const answer = (buckets: string): string =>
    `<?xml version="1.0"?><ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets>${buckets}</Buckets></ListAllMyBucketsResult>`;

  it('are none, one or many', () => {
    const bucket =
      '<Bucket><Name>007</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket>';
    const parsed = { name: '007', createdAt: '2026-01-01T00:00:00Z' };
    expect(parseBuckets(answer(''))).toEqual([]);
    expect(parseBuckets(answer(bucket))).toEqual([parsed]);
    expect(parseBuckets(answer(bucket + bucket))).toEqual([parsed, parsed]);
    expect(parseBuckets(answer('<Bucket><Name>a</Name></Bucket>'))).toEqual([
      { name: 'a', createdAt: null },
    ]);
    expect(parseBuckets('<html/>')).toBeNull();
  });
});

describe('the region of a bucket', () => {
  it.each([
    ['<LocationConstraint xmlns="x">eu-west-1</LocationConstraint>', 'eu-west-1'],
    ['<LocationConstraint xmlns="x"></LocationConstraint>', null],
    ['<LocationConstraint/>', null],
    ['<LocationConstraint> us-west-2\n</LocationConstraint>', 'us-west-2'],
    ['<LocationConstraint>not a region</LocationConstraint>', null],
    [`<LocationConstraint>${'x'.repeat(101)}</LocationConstraint>`, null],
    [
      '<CreateBucketConfiguration xmlns="x"><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>',
      'eu',
    ],
    ['<CreateBucketConfiguration/>', null],
    ['<html>eu-west-1</html>', null],
    ['', null],
    ['<LocationConstraint><LocationConstraint>EU</LocationConstraint></LocationConstraint>', 'EU'],
    ['<ListBucketResult/>', null],
  ])('in %s is %j', (xml, region) => {
    expect(parseLocation(xml)).toBe(region);
  });

  it('is sent as text', () => {
    expect(locationDocument('<&>')).toContain('>&#60;&#38;&#62;<');
  });
});

describe('the tags of an object', () => {
  it('keep blanks, entities and their order', () => {
    const xml =
      '<Tagging><TagSet><Tag><Key> b </Key><Value>1 &lt;&#34;&#x1F600;</Value></Tag><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>';
    expect(parseTags(xml)).toEqual([
      { key: ' b ', value: '1 <"😀' },
      { key: 'a', value: '' },
    ]);
    expect(parseTags('<Tagging><TagSet/></Tagging>')).toEqual([]);
    expect(parseTags('<ListBucketResult/>')).toBeNull();
  });
});

describe('an error document', () => {
  it('has a code, a message and at times a region', () => {
    const xml =
      '<?xml version="1.0"?><Error><Code>404</Code><Message>it&#39;s gone</Message><Region>eu</Region></Error>';
    expect(parseErrorDocument(xml)).toEqual({ code: '404', message: "it's gone", region: 'eu' });
  });

  it.each([
    '',
    '<html><body>502</body></html>',
    'Bad Gateway',
    '<Error/>',
    '<Error><Code/></Error>',
  ])('is not %j', (text) => {
    expect(parseErrorDocument(text)).toBeNull();
  });
});
