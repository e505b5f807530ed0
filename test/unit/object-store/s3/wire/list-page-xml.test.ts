import { describe, expect, it } from 'vitest';
import { parseListPage } from '../../../../../src/object-store/s3/wire/list-page-xml.js';
import { UnexpectedAnswer } from '../../../../../src/object-store/unexpected-answer.js';

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const OPEN = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">';
const CLOSE = '</ListBucketResult>';

function page(inner: string, rest = '<IsTruncated>false</IsTruncated>'): string {
  return `${HEAD}${OPEN}<Name>b</Name><EncodingType>url</EncodingType>${rest}${inner}${CLOSE}`;
}

function entry(key: string, size = '5'): string {
  return `<Contents><Key>${key}</Key><LastModified>2026-11-24T03:28:12.737Z</LastModified><ETag>&quot;49f68a5c8493ec2c0bf489821c21fc3b&quot;</ETag><Size>${size}</Size><Owner><ID>Key</ID><DisplayName>me</DisplayName></Owner><StorageClass>STANDARD</StorageClass></Contents>`;
}

const TRUNCATED = '<IsTruncated>true</IsTruncated>';

const OBJECT = {
  sizeBytes: 5,
  etag: '49f68a5c8493ec2c0bf489821c21fc3b',
  lastModified: '2026-11-24T03:28:12.737Z',
};

function keysOf(xml: string): string[] | undefined {
  return parseListPage(xml)?.objects.map((object) => object.key);
}

describe('a page of a listing', () => {
  it('may be empty', () => {
    expect(parseListPage(page(''))).toEqual({ objects: [], nextToken: null });
  });

  it('may have one object', () => {
    expect(parseListPage(page(entry('a.jpg')))).toEqual({
      objects: [{ key: 'a.jpg', ...OBJECT }],
      nextToken: null,
    });
  });

  it.each([
    ['STANDARD', {}],
    ['', {}],
    ['GLACIER', { storageClass: 'GLACIER' }],
    ['A&amp;B', { storageClass: 'A&B' }],
  ])('tells the storage class %j where it is not STANDARD, cut or parsed', (written, told) => {
    const tag = '<StorageClass>STANDARD</StorageClass>';
    const cut = page(entry('a.jpg').replace(tag, `<StorageClass>${written}</StorageClass>`));
    for (const xml of [cut, cut.replace('<Name>', '<!-- whole --><Name>')]) {
      expect(parseListPage(xml)?.objects).toEqual([{ key: 'a.jpg', ...OBJECT, ...told }]);
    }
  });

  it.each([
    ['007', '007'],
    ['1e5', '1e5'],
    ['true', 'true'],
    ['+', ' '],
    ['a+b%2Bc', 'a b+c'],
    ['%2Flead%2F%2Fx', '/lead//x'],
    ['%01%0A', '\u0001\n'],
    ['%26amp%3B', '&amp;'],
    ['&apos;%26&apos;', "'&'"],
    ['&#39;&#x27;', "''"],
    ['%F0%9F%98%80', '😀'],
    ['%FF', '\udcff'],
    ['あ', 'あ'],
    ['', ''],
    ['%20padded%20', ' padded '],
    [' x ', ' x '],
  ])('takes %j for the key %j', (written, key) => {
    expect(keysOf(page(entry(written)))).toEqual([key]);
  });

  it('takes keys as they are where the server does not encode them', () => {
    const xml = `${HEAD}${OPEN}<IsTruncated>false</IsTruncated>${entry('a+b%20&amp;')}${CLOSE}`;
    expect(keysOf(xml)).toEqual(['a+b%20&']);
  });

  it('says where the listing goes on', () => {
    const rest =
      '<IsTruncated>true</IsTruncated><NextContinuationToken>/a&amp;b=&#34;</NextContinuationToken>';
    expect(parseListPage(page(entry('a'), rest))?.nextToken).toBe('/a&b="');
  });

  it.each([
    ['line breaks and blanks', entry('a').replaceAll('><', '>\n  <')],
    ['CDATA', entry('<![CDATA[a]]>')],
    ['a comment', `<!-- one -->${entry('a')}`],
    ['attributes', entry('a').replace('<Contents>', '<Contents x="y">')],
    [
      'other order',
      '<Contents><Size>5</Size><ETag>"49f68a5c8493ec2c0bf489821c21fc3b"</ETag><LastModified>2026-11-24T03:28:12.737Z</LastModified><Key>a</Key></Contents>',
    ],
  ])('may be written with %s', (_, inner) => {
    expect(parseListPage(page(inner))?.objects).toEqual([{ key: 'a', ...OBJECT }]);
  });

  it('may have a prefix on its names', () => {
    const xml = page(entry('a')).replaceAll(/<(\/?)(\w)/g, '<$1s3:$2');
    expect(parseListPage(xml)?.objects).toEqual([{ key: 'a', ...OBJECT }]);
  });

  it('has a thousand objects, with two thousand entities', () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `key-${index}`);
    expect(keysOf(page(keys.map((key) => entry(key)).join('')))).toEqual(keys);
  });

  it.each([
    ['nothing', ''],
    ['another document', `${HEAD}<Error><Code>NoSuchBucket</Code></Error>`],
    ['a web page', '<!DOCTYPE html><html><body><br>ListBucketResult</body></html>'],
    ['JSON', '{"ListBucketResult":{}}'],
    ['half a page', page(entry('a')).slice(0, 200)],
    ['half a page that ends behind an object', page(entry('a')).slice(0, -CLOSE.length)],
    ['the start of a page', `${HEAD}${OPEN}`],
  ])('is no page: %s', (_, xml) => {
    expect(parseListPage(xml)).toBeNull();
  });

  it.each([
    ['no object and no token', page('', '<IsTruncated>true</IsTruncated>'), 'goes on'],
    ['an empty token', page('', `${TRUNCATED}<NextContinuationToken/>`), 'goes on'],
    ['keys out of order and no token', page(entry('b') + entry('a'), TRUNCATED), 'goes on'],
    ['an object without a key', page(entry('a').replace(/<Key>.*<\/Key>/, '')), 'a Key'],
    ['an object without a time', page(entry('a').replace(/<Last.*fied>/, '')), 'LastModified (a)'],
    ['a size that is none', page(entry('a', 'many')), 'a Size (a)'],
    ['a size below zero', page(entry('a', '-1')), 'a Size (a)'],
    ['a size past all counting', page(entry('a', '9'.repeat(20))), 'a Size (a)'],
    ['no size', page(entry('a').replace(/<Size>.*<\/Size>/, '')), 'a Size (a)'],
  ])('is not taken for a listing: %s', (_, xml, why) => {
    expect(() => parseListPage(xml)).toThrow(UnexpectedAnswer);
    expect(() => parseListPage(xml)).toThrow(why);
  });

  it('is not taken where it has keys that do not begin with the prefix', () => {
    const xml = page(entry('a/1') + entry('b/1'));
    expect(() => parseListPage(xml, 'a/')).toThrow('"b/1", which does not begin with "a/"');
    expect(parseListPage(page(entry('a/1')), 'a/')?.objects).toHaveLength(1);
  });

  it.each([
    ['it says that there is more, but gives no token', TRUNCATED, true],
    ['it does not say whether there is more', '', false],
    ['it says neither true nor false', '<IsTruncated/>', false],
  ])('goes on behind its last key where %s', (_, rest, isCertain) => {
    expect(parseListPage(page(entry('a') + entry('b'), rest))).toMatchObject({
      nextToken: null,
      continueAfter: { key: 'b', isCertain },
    });
  });

  it('is the last where it is empty and says nothing', () => {
    expect(parseListPage(page('', ''))).toEqual({ objects: [], nextToken: null });
  });

  it('has ETags without the mark of weak ones', () => {
    const xml = page(entry('a').replace('<ETag>', '<ETag>W/'));
    expect(parseListPage(xml)?.objects).toEqual([{ key: 'a', ...OBJECT }]);
  });

  it('that is endless and hostile is read in no time', () => {
    const opens = page('<Contents>'.repeat(200_000));
    expect(() => parseListPage(opens)).not.toThrow(RangeError);
    expect(parseListPage(opens)).toBeNull();
  }, 5000);
});
