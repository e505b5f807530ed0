import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, compareObjects } from '../../src/key-order.js';

/** Well-formed strings in which neighbours of every border of UTF-16 and UTF-8 are frequent. */
const borders = ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff'];
const character = fc.oneof(
  fc.constantFrom('a', 'b', '/', '\uff5e', '\u{1f600}', '\u{10000}', '\u{10ffff}', ...borders),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const anyKey = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describe('the order of keys', () => {
  it('is that of the bytes of their UTF-8, whatever they hold', () => {
    const pairs = fc.property(anyKey, anyKey, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(compareBytes(a, b));
    });
    fc.assert(pairs, { numRuns: 3000 });
  });

  it('puts U+FF5E before U+1F600, which JavaScript does not', () => {
    expect(['\uff5e', '\u{1f600}'].sort()).toEqual(['\u{1f600}', '\uff5e']);
    expect(compareKeys('\uff5e', '\u{1f600}')).toBeLessThan(0);
    expect(compareKeys('\u{1f600}', '\uff5e')).toBeGreaterThan(0);
  });

  it('puts a key before those that continue it', () => {
    expect(compareKeys('a', 'a/')).toBeLessThan(0);
    expect(compareKeys('', 'a')).toBeLessThan(0);
    expect(compareKeys('a', 'a')).toBe(0);
  });

  it('goes by bucket first, so that "b" with "z" comes before "b-2" with "a"', () => {
    const first = { bucket: 'b', key: 'z' };
    const second = { bucket: 'b-2', key: 'a' };
    expect(compareObjects(first, second)).toBeLessThan(0);
    expect(compareObjects(second, first)).toBeGreaterThan(0);
    expect(compareObjects(first, { ...first })).toBe(0);
  });
});
