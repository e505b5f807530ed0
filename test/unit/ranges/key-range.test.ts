import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type KeyRange,
  compareRanges,
  isWithin,
  rangesBetween,
  tile,
} from '../../../src/ranges/key-range.js';

/** A key for each number, with one that UTF-16 would put elsewhere. */
const KEYS = ['a', 'b', 'c', 'd', '\uff5e', '\u{1f600}', '\u{1f601}'];

function range(from: number, to: number, bucket = 'b'): KeyRange {
  return { bucket, after: KEYS[from - 1] ?? null, through: KEYS[to] ?? null };
}

describe('a range', () => {
  it('has the keys behind its start, and its end', () => {
    const keys = (of: KeyRange) => KEYS.filter((key) => isWithin(of, key));
    expect(keys({ bucket: 'b', after: 'b', through: '\uff5e' })).toEqual(['c', 'd', '\uff5e']);
    expect(keys({ bucket: 'b', after: '\uff5e', through: null })).toEqual(KEYS.slice(5));
    expect(keys({ bucket: 'b', after: null, through: 'a' })).toEqual(['a']);
  });

  it('comes after those of earlier buckets, starts and ends', () => {
    const sorted = [
      { bucket: 'a', after: 'z', through: null },
      { bucket: 'b', after: null, through: 'a' },
      { bucket: 'b', after: null, through: null },
      { bucket: 'b', after: 'a', through: '\uff5e' },
      { bucket: 'b', after: 'a', through: '\u{1f600}' },
    ];
    expect([...sorted].reverse().sort(compareRanges)).toEqual(sorted);
  });

  it('lies between cuts', () => {
    expect(rangesBetween({ bucket: 'b', after: 'a', through: null }, ['c', 'd'])).toEqual([
      { bucket: 'b', after: 'a', through: 'c' },
      { bucket: 'b', after: 'c', through: 'd' },
      { bucket: 'b', after: 'd', through: null },
    ]);
  });
});

describe('pieces', () => {
  const whole = range(0, 7);
  const tiled = (pieces: KeyRange[], of = whole) => tile(of, pieces, (piece) => piece);

  it('cover a range where each begins at the end of the one before', () => {
    const pieces = [range(4, 7), range(0, 1), range(2, 3)];
    expect(tiled(pieces)).toEqual({ chosen: [range(0, 1), range(2, 3), range(4, 7)], gaps: [] });
  });

  it('are taken so that they cover all, even if others reach further', () => {
    const pieces = [range(0, 4), range(0, 2), range(3, 7), range(6, 7)];
    expect(tiled(pieces)).toEqual({ chosen: [range(0, 2), range(3, 7)], gaps: [] });
  });

  it('are taken without a flaw where others cover the same, whatever their order', () => {
    const flawed = [range(0, 4), range(0, 7), range(5, 7)];
    const sound = [range(0, 2), range(3, 7)];
    const tiled = (pieces: KeyRange[]) =>
      tile(
        whole,
        pieces,
        (piece) => piece,
        (piece) => flawed.includes(piece),
      ).chosen;
    expect(tiled([...flawed, ...sound])).toEqual(sound);
    expect(tiled([...sound, ...flawed].reverse())).toEqual(sound);
    // One that has a flaw is better than a gap.
    expect(tiled([range(0, 2), ...flawed.slice(1)])).toEqual([range(0, 7)]);
  });

  it('leave gaps', () => {
    expect(tiled([])).toEqual({ chosen: [], gaps: [whole] });
    expect(tiled([range(1, 2), range(4, 5)])).toEqual({
      chosen: [range(1, 2), range(4, 5)],
      gaps: [range(0, 0), range(3, 3), range(6, 7)],
    });
  });

  it('of other buckets, past the end, or without keys are not used', () => {
    const empty = { bucket: 'b', after: 'c', through: 'c' };
    const pieces = [range(0, 7, 'other'), empty, range(0, 5)];
    expect(tiled(pieces, range(0, 3))).toEqual({ chosen: [], gaps: [range(0, 3)] });
  });

  it('cover as much as any choice of them', () => {
    const piece = fc
      .tuple(fc.nat(7), fc.nat(7))
      .map(([a, b]) => range(Math.min(a, b), Math.max(a, b)));
    const covered = (pieces: readonly KeyRange[]) =>
      [...KEYS, '\u{1f602}'].filter((key) => pieces.some((one) => isWithin(one, key)));
    const isApart = (pieces: readonly KeyRange[]) =>
      covered(pieces).length === pieces.reduce((sum, one) => sum + covered([one]).length, 0);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), piece, (pieces, of) => {
        const { chosen, gaps } = tiled(pieces, of);
        const usable = pieces.filter((one) => covered([one]).every((key) => isWithin(of, key)));
        for (const one of chosen) expect(usable).toContain(one);
        expect([...chosen].sort(compareRanges)).toEqual(chosen);
        // Chosen pieces and gaps are the range, without overlap.
        const all = [...chosen, ...gaps];
        expect(isApart(all)).toBe(true);
        expect(covered(all)).toEqual(covered([of]));
        const choices = subsetsOf(usable).filter(isApart);
        const most = Math.max(...choices.map((choice) => covered(choice).length));
        if (most === covered([of]).length) expect(gaps).toEqual([]);
        // No choice covers the same and more.
        const mine = covered(chosen);
        const isMore = (choice: readonly KeyRange[]) =>
          covered(choice).length > mine.length &&
          mine.every((key) => choice.some((one) => isWithin(one, key)));
        expect(choices.find(isMore)).toBeUndefined();
      }),
    );
  });
});

function subsetsOf<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>(
    (subsets, item) => [...subsets, ...subsets.map((subset) => [...subset, item])],
    [[]],
  );
}
