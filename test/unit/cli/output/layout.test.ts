import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cutInTheMiddle } from '../../../../src/cli/output/cut.js';
import { layOut } from '../../../../src/cli/output/layout.js';

const KEY = { wanted: 40, least: 10 };
const SIZE = { wanted: 8, least: Infinity, dispensable: 1 };
const WHEN = { wanted: 12, least: Infinity, dispensable: 2 };

describe('the layout of a table', () => {
  it('gives all what they want where there is room', () => {
    expect(layOut([KEY, SIZE, WHEN], 64)).toEqual({ shown: [0, 1, 2], widths: [40, 8, 12] });
    expect(layOut([KEY, SIZE, WHEN], Infinity).widths).toEqual([40, 8, 12]);
  });

  it('cuts the longest cells first, to their least', () => {
    expect(layOut([KEY, { wanted: 20, least: 5 }], 42).widths).toEqual([20, 20]);
    expect(layOut([KEY, SIZE, WHEN], 34)).toEqual({ shown: [0, 1, 2], widths: [10, 8, 12] });
  });

  it('then hides what is dispensable, the most dispensable first', () => {
    expect(layOut([KEY, SIZE, WHEN], 33)).toEqual({ shown: [0, 1], widths: [23, 8] });
    expect(layOut([KEY, SIZE, WHEN], 19)).toEqual({ shown: [0], widths: [19] });
  });

  it('cuts below the least what cannot be done without', () => {
    expect(layOut([KEY, KEY], 12)).toEqual({ shown: [0, 1], widths: [5, 5] });
    expect(layOut([KEY, KEY], 3)).toEqual({ shown: [0], widths: [3] });
  });

  it('never is wider than the terminal', () => {
    const column = fc.record({
      wanted: fc.nat(200),
      least: fc.oneof(fc.nat(50), fc.constant(Infinity)),
      dispensable: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(column), fc.integer({ min: 1, max: 200 }), (columns, width) => {
        const { widths } = layOut(columns, width);
        const line = widths.reduce((sum, each) => sum + each + 2, -2);
        expect(line).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('a text that is cut in the middle', () => {
  it.each([
    ['abcdefghij', 10, 'abcdefghij'],
    ['abcdefghij', 9, 'abcd…ghij'],
    ['abcdefghij', 4, 'ab…j'],
    ['abcdefghij', 1, '…'],
    ['abcdefghij', 0, ''],
    ['漫画アーカイブ', 8, '漫画…ブ'],
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 5, '👨‍👩‍👧‍👦…👨‍👩‍👧‍👦'],
  ])('%s to %d columns', (text, width, expected) => {
    expect(cutInTheMiddle(text, width)).toBe(expected);
  });

  it('is as wide as it may be, or less by half a character', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), (whole, width) => {
        const cut = cutInTheMiddle(whole, width);
        expect(stringWidth(cut)).toBeLessThanOrEqual(width);
        if (stringWidth(whole) <= width) expect(cut).toBe(whole);
      }),
    );
  });
});
