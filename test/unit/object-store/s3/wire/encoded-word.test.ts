import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeWords, encodeWords } from '../../../../../src/object-store/s3/wire/encoded-word.js';

describe('the encoded words that MinIO hands out', () => {
  it.each([
    ['café', '=?UTF-8?q?caf=C3=A9?='],
    [
      '第１話　テスト',
      '=?UTF-8?q?=E7=AC=AC=EF=BC=91=E8=A9=B1=E3=80=80=E3=83=86=E3=82=B9=E3=83=88?=',
    ],
    ['x\udcff\udc80y', '=?UTF-8?q?x=FF=80y?='],
    ['é_a b=c?', '=?UTF-8?q?=C3=A9=5Fa_b=3Dc=3F?='],
    ['a\tb', 'a\tb'],
    ['plain', 'plain'],
  ])('for %j are %j', (text, words) => {
    expect(encodeWords(text)).toBe(words);
    expect(decodeWords(words)).toBe(text);
  });

  it('are 75 characters at most, and no character lies in two', () => {
    const words = encodeWords('あ'.repeat(40)).split(' ');
    expect(words.length).toBe(6);
    for (const word of words) {
      expect(word.length).toBeLessThanOrEqual(75);
      expect(word).toMatch(/^=\?UTF-8\?q\?(=E3=81=82)+\?=$/);
    }
  });

  it('are the same again for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const words = encodeWords(text);
        if (words !== text) expect(decodeWords(words)).toBe(text);
      }),
    );
  });

  it.each([
    '=?UTF-8?B?w7Y=?=',
    '=?UTF-8?Q?caf=C3=A9?=',
    '=?UTF-8?q?caf=c3=a9?=',
    '=?UTF-8?q?ascii?=',
    '=?UTF-8?q??=',
    '=?UTF-8?q?unfinished=C3=A9',
  ])('are told from text that only looks like them: %s', (text) => {
    expect(decodeWords(text)).toBe(text);
  });
});
