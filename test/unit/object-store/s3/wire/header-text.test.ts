import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBytes,
  decodeHeader,
  encodeHeader,
  encodeText,
} from '../../../../../src/object-store/s3/wire/header-text.js';
import {
  encodePath,
  percentDecode,
  percentEncode,
} from '../../../../../src/object-store/s3/wire/percent-encoding.js';

const text = fc.string({ unit: 'binary' });

/** Bytes in which valid and broken UTF-8 lie side by side. */
const mixedBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      text.map((part) => Buffer.from(part)),
      fc
        .constantFrom(...['eda080', 'edb080', 'f4908080', 'c0af', 'e28280', 'f09f98', 'efbbbf'])
        .map((hex) => Buffer.from(hex, 'hex')),
    ),
  )
  .map((parts) => Buffer.concat(parts));

describe('text and bytes', () => {
  it('come back byte for byte, whatever they are', () => {
    fc.assert(
      fc.property(mixedBytes, (bytes) => {
        expect(encodeText(decodeBytes(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('are the same for valid UTF-8 as everywhere else', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(decodeBytes(Buffer.from(value, 'utf8'))).toBe(value);
        expect(encodeText(value).equals(Buffer.from(value, 'utf8'))).toBe(true);
      }),
    );
  });

  it.each([
    ['ff', '\udcff'],
    ['61ff62', 'a\udcffb'],
    ['c0af', '\udcc0\udcaf'],
    ['eda080', '\udced\udca0\udc80'],
    ['e38182ff', 'あ\udcff'],
    ['efbbbf41', '\ufeffA'],
    ['f09f9880', '😀'],
    ['f09f98', '\udcf0\udc9f\udc98'],
  ])('%s are %j', (hex, expected) => {
    expect(decodeBytes(Buffer.from(hex, 'hex'))).toBe(expected);
  });
});

describe('headers', () => {
  it('come back through node’s one character a byte', () => {
    fc.assert(
      fc.property(mixedBytes, (bytes) => {
        const wire = bytes.toString('latin1');
        expect(encodeHeader(decodeHeader(wire))).toBe(wire);
      }),
    );
  });
});

describe('percent encoding', () => {
  it('leaves the unreserved characters of RFC 3986 alone, and nothing else', () => {
    expect(percentEncode("aZ09-._~!*'()/ +é")).toBe('aZ09-._~%21%2A%27%28%29%2F%20%2B%C3%A9');
    expect(percentEncode('\udcff')).toBe('%FF');
    expect(encodePath("a/b c/d'e")).toBe('a/b%20c/d%27e');
    expect(encodePath('plain/path_1~2.jpg')).toBe('plain/path_1~2.jpg');
  });

  it('is undone, in either spelling of a blank', () => {
    expect(percentDecode('a+b%20c%2Bd')).toBe('a b c+d');
    expect(percentDecode('%e3%81%82')).toBe('あ');
    expect(percentDecode('あ%FF')).toBe('あ\udcff');
    expect(percentDecode('100%')).toBe('100%');
    fc.assert(
      fc.property(mixedBytes, (bytes) => {
        const value = decodeBytes(bytes);
        expect(percentDecode(percentEncode(value))).toBe(value);
      }),
    );
  });
});
