import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type IndexLine,
  decodeIndexLine,
  encodeIndexLine,
} from '../../../src/archive/index-line.js';

const line: IndexLine = {
  bucket: 'originals',
  key: 'page.png',
  size: 12,
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  last_modified: '2024-01-14T12:34:56.000Z',
  sha256: 'ab'.repeat(32),
  path: 'n/data/originals/page.png',
  archive: 'n',
  offset: 0,
  length: 100,
  inner: 512,
};

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\n',
    '\u2028',
    '"',
    '\\',
    '\u0000',
    '\udc80',
    '\ud83d',
    '\u{1f600}',
    '__proto__',
  ),
);
const count = fc.maxSafeNat();
const hex = (digits: number) =>
  fc.string({
    unit: fc.constantFrom(...'0 1 2 3 4 5 6 7 8 9 a b c d e f'.split(' ')),
    minLength: digits,
    maxLength: digits,
  });
const texts = fc.dictionary(anyText, anyText, { minKeys: 1, maxKeys: 4, noNullPrototype: true });
const tags = fc.array(fc.record({ key: anyText, value: anyText }), { minLength: 1, maxLength: 3 });

const retention = fc.record({
  mode: fc.constantFrom('GOVERNANCE' as const, 'COMPLIANCE' as const),
  until: fc.constantFrom('2050-01-01T00:00:00.000Z', '2099-12-31T23:59:59.123Z'),
});

const anyLine: fc.Arbitrary<IndexLine> = fc.record(
  {
    bucket: anyText,
    key: anyText,
    version_id: anyText,
    size: count,
    etag: anyText,
    last_modified: anyText,
    sha256: hex(64),
    md5: hex(32),
    headers: texts,
    metadata: texts,
    tags,
    retention,
    legal_hold: fc.constant(true as const),
    path: anyText,
    archive: anyText,
    offset: count,
    length: count,
    inner: count,
  },
  {
    requiredKeys: [
      ...(['bucket', 'key', 'size', 'etag', 'last_modified', 'sha256'] as const),
      ...(['path', 'archive', 'offset', 'length', 'inner'] as const),
    ],
    noNullPrototype: true,
  },
);

function reversed<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).reverse()) as T;
}

describe('an index line', () => {
  it('gives back what it was made of, in one line, whatever the texts hold', () => {
    const property = fc.property(anyLine, (original) => {
      const encoded = encodeIndexLine(original);
      expect(encoded.indexOf('\n')).toBe(encoded.length - 1);
      // Through bytes, as in an archive: lone surrogates stand for raw bytes and must survive.
      expect(decodeIndexLine(Buffer.from(encoded).toString('utf8'))).toEqual(original);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('has the same bytes for the same content, in whatever order its fields came', () => {
    const property = fc.property(anyLine, (original) => {
      const other = reversed(original);
      if (original.headers) other.headers = reversed(original.headers);
      if (original.metadata) other.metadata = reversed(original.metadata);
      if (original.retention) other.retention = reversed(original.retention);
      if (original.tags) other.tags = original.tags.map((tag) => reversed(tag));
      expect(encodeIndexLine(other)).toBe(encodeIndexLine(original));
    });
    fc.assert(property);
  });

  it('leaves out what is empty', () => {
    const empty = { ...line, headers: {}, metadata: {}, tags: [] };
    expect(encodeIndexLine(empty)).toBe(encodeIndexLine(line));
    expect(decodeIndexLine(encodeIndexLine(empty))).toEqual(line);
  });
});

describe('a malformed index line', () => {
  it.each(['', 'null', '[]', '1', '"text"', '{', '{}'])('is refused: %s', (malformed) => {
    expect(() => decodeIndexLine(malformed)).toThrow(SyntaxError);
  });

  it.each(['bucket', 'key', 'etag', 'last_modified', 'path', 'archive'])(
    'is refused for a %s that is not text',
    (field) => {
      for (const value of [undefined, null, 1, {}, ['a']]) {
        expect(() => decodeIndexLine(JSON.stringify({ ...line, [field]: value }))).toThrow(field);
      }
    },
  );

  it.each(['size', 'offset', 'length', 'inner'])(
    'is refused for a %s that is no count',
    (field) => {
      for (const value of [undefined, null, '1', -1, 0.5, 2 ** 53, 1e300]) {
        expect(() => decodeIndexLine(JSON.stringify({ ...line, [field]: value }))).toThrow(field);
      }
    },
  );

  it.each([
    ['sha256', undefined],
    ['sha256', 'ab'.repeat(31)],
    ['sha256', 'AB'.repeat(32)],
    ['sha256', `${'ab'.repeat(31)}\na`],
    ['md5', 'ab'.repeat(32)],
    ['md5', null],
    ['headers', []],
    ['headers', null],
    ['headers', { 'content-type': 1 }],
    ['metadata', 'text'],
    ['metadata', { a: null }],
    ['tags', {}],
    ['tags', [null]],
    ['tags', [{ key: 'a' }]],
    ['tags', [{ key: 'a', value: 1 }]],
    ['retention', null],
    ['retention', { mode: 'FOREVER', until: '2050-01-01T00:00:00Z' }],
    ['retention', { mode: 'GOVERNANCE', until: 'soon' }],
    ['legal_hold', false],
    ['legal_hold', 'ON'],
  ])('is refused for the %s %j', (field, value) => {
    expect(() => decodeIndexLine(JSON.stringify({ ...line, [field]: value }))).toThrow(field);
  });
});
