import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnRows, offsetsOf, rowAt, scrollNeeded } from '../../../src/web/kit/virtual.js';

const heights = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 300 });
const offsetsFor = (rows: readonly number[]) =>
  offsetsOf(rows.length, (index) => rows[index] ?? Number.NaN);

describe('rows that are drawn where they are looked at', () => {
  it('include every row that a window shows', () => {
    fc.assert(
      fc.property(
        heights,
        fc.integer({ min: -500, max: 60_000 }),
        fc.nat(2000),
        (rows, top, height) => {
          const offsets = offsetsFor(rows);
          const { first, end } = drawnRows(offsets, top, top + height, 3);
          for (const index of rows.keys()) {
            const isSeen = offsets[index + 1]! > top && offsets[index]! < top + height;
            if (isSeen) expect(index >= first && index < end).toBe(true);
          }
        },
      ),
    );
  });

  it('are few, however many there are', () => {
    const offsets = offsetsOf(10_000, () => 36);
    const { first, end } = drawnRows(offsets, 180_000, 180_900, 10);
    expect(first).toBeLessThanOrEqual(5000);
    expect(end - first).toBeLessThan(70);
  });

  it('keep their borders while one scrolls a little', () => {
    const offsets = offsetsOf(1000, () => 36);
    expect(drawnRows(offsets, 3600, 4500, 10)).toEqual(drawnRows(offsets, 3610, 4510, 10));
  });

  it('are none of none', () => {
    expect(
      drawnRows(
        offsetsOf(0, () => 36),
        0,
        900,
        10,
      ),
    ).toEqual({ first: 0, end: 0 });
  });

  it('are found by their places', () => {
    const offsets = offsetsFor([10, 20, 30]);
    expect([-5, 0, 9, 10, 29, 30, 59, 60, 1000].map((place) => rowAt(offsets, place))).toEqual([
      0, 0, 0, 1, 1, 2, 2, 2, 2,
    ]);
  });
});

describe('a row that is gone to', () => {
  const seen = { top: 80, bottom: 900 };

  it('moves nothing if it is seen', () => {
    expect(scrollNeeded({ top: 100, bottom: 136 }, seen)).toBe(0);
  });

  it('comes to the nearer edge', () => {
    expect(scrollNeeded({ top: 50, bottom: 86 }, seen)).toBe(-30);
    expect(scrollNeeded({ top: 890, bottom: 926 }, seen)).toBe(26);
  });
});
