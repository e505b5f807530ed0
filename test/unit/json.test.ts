import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJson } from '../../src/json.js';

describe('toJson', () => {
  it('writes bigints as integers of any length', () => {
    const value = { bytes: 123456789012345678901n, list: [1n, undefined, { a: -2n }], none: [] };
    expect(toJson(value, { indent: false })).toBe(
      '{"bytes":123456789012345678901,"list":[1,null,{"a":-2}],"none":[]}',
    );
  });

  it('is as JSON.stringify, with a bigint in it or not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, indent) => {
        const spaces = indent ? 2 : 0;
        const plain = { value, last: 7 };
        const text = JSON.stringify(plain, null, spaces).replace(/[\u007f-\u009f]/g, escape);
        expect(toJson(plain, { indent })).toBe(text);
        expect(toJson({ value, last: 7n }, { indent })).toBe(text);
      }),
    );
  });

  it('escapes the control characters that JSON lets through', () => {
    expect(toJson({ key: 'a\u009b2J\u007f' }, { indent: false })).toBe(
      String.raw`{"key":"a\u009b2J\u007f"}`,
    );
  });

  it('leaves out undefined members, and writes dates as RFC 3339', () => {
    const at = new Date(0);
    expect(toJson({ a: undefined, at, n: 1n }, { indent: false })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","n":1}',
    );
  });
});

function escape(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}
