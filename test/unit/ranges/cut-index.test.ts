import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChunkReference } from '../../../src/archive/directory.js';
import { cutIndex, partsOf, weightOf } from '../../../src/ranges/cut-index.js';
import { isWithin } from '../../../src/ranges/key-range.js';
import { compareObjects } from '../../../src/key-order.js';
import type { ObjectName } from '../../../src/key-order.js';

function chunk(first: ObjectName, last: ObjectName, objects = 100, bytes = 0): ChunkReference {
  const place = { archive: 'x', offset: 0, length: 1, size: 1, sha256: '' };
  return { ...place, first, last, objects, bytes };
}

const name = (bucket: string, key: string) => ({ bucket, key });
const whole = (bucket: string) => ({ bucket, after: null, through: null });

describe('the index of an earlier backup', () => {
  const chunks = ['a', 'b', 'c', 'd'].map((key) => chunk(name('one', key), name('one', `${key}z`)));

  it('cuts a bucket where its chunks end', () => {
    expect(cutIndex(chunks, ['one'], 2)).toEqual([
      { bucket: 'one', after: null, through: 'bz' },
      { bucket: 'one', after: 'bz', through: null },
    ]);
  });

  it('leaves a bucket that it does not know whole, and one that is not asked for out', () => {
    const other = chunk(name('two', 'a'), name('two', 'b'));
    expect(cutIndex([...chunks, other], ['new', 'two', 'two'], 3)).toEqual([
      whole('new'),
      whole('two'),
    ]);
    expect(cutIndex([], ['new'], 0)).toEqual([whole('new')]);
  });

  it('weighs bytes as well as objects', () => {
    const heavy = [
      chunk(name('one', 'a'), name('one', 'b'), 1, 10_000_000_000),
      ...['c', 'd', 'e'].map((key) => chunk(name('one', key), name('one', `${key}z`), 1000)),
    ];
    expect(cutIndex(heavy, ['one'], 2).map(({ through }) => through)).toEqual(['b', null]);
  });

  it('gives buckets that share a chunk a range each', () => {
    const shared = chunk(name('a', 'x'), name('c', 'y'));
    expect(cutIndex([shared], ['a', 'b', 'c'], 1)).toEqual(['a', 'b', 'c'].map(whole));
  });

  it('ends no range at a key that cannot be asked for', () => {
    const odd = ['a', 'b\udc80', 'c'].map((key) => chunk(name('one', key), name('one', key)));
    expect(cutIndex(odd, ['one'], 3).map(({ through }) => through)).toEqual(['a', null]);
  });

  it('covers each bucket once, by ranges of like weight', () => {
    const buckets = ['a', 'b', 'c', 'd'];
    const stretch = fc.record({
      objects: fc.integer({ min: 1, max: 9000 }),
      bytes: fc.nat(2_000_000_000),
    });
    const names = fc
      .uniqueArray(fc.tuple(fc.constantFrom(...buckets), fc.string({ unit: 'grapheme' })), {
        selector: ([bucket, key]) => `${bucket}/${key}`,
        minLength: 2,
        maxLength: 80,
      })
      .map((all) => all.map(([bucket, key]) => name(bucket, key)).sort(compareObjects));
    fc.assert(
      fc.property(
        names,
        fc.array(stretch, { minLength: 40, maxLength: 40 }),
        fc.subarray([...buckets, 'new'], { minLength: 1 }),
        fc.integer({ min: 1, max: 30 }),
        (objects, counts, asked, wanted) => {
          const chunks = counts.flatMap((count, i) => {
            const [first, last] = objects.slice(2 * i, 2 * i + 2);
            return first === undefined || last === undefined
              ? []
              : [chunk(first, last, count.objects, count.bytes)];
          });
          const ranges = cutIndex(chunks, asked, wanted);
          for (const bucket of asked) {
            const own = ranges.filter((range) => range.bucket === bucket);
            expect(own.map(({ after }) => after)).toEqual([
              null,
              ...own.slice(0, -1).map(({ through }) => through),
            ]);
            expect(own.at(-1)?.through).toBeNull();
          }
          expect([...new Set(ranges.map(({ bucket }) => bucket))]).toEqual([...asked].sort());
          const ends = ranges.flatMap(({ bucket, through }) =>
            through === null ? [] : [name(bucket, through)],
          );
          for (const end of ends) {
            expect(chunks.some(({ last }) => compareObjects(last, end) === 0)).toBe(true);
          }
          const parts = partsOf(chunks, [...asked].sort());
          const total = [...parts.values()].flat().reduce((sum, { weight }) => sum + weight, 0);
          for (const range of ranges) {
            const own = (parts.get(range.bucket) ?? []).filter(({ end }) =>
              end === null ? range.through === null : isWithin(range, end),
            );
            const weight = own.reduce((sum, part) => sum + part.weight, 0);
            if (own.length > 1) expect(weight).toBeLessThanOrEqual((2 * total) / wanted + 1);
          }
          expect(ranges.length).toBeLessThanOrEqual(2 * wanted + asked.length);
          expect(weightOf({ objects: 1, bytes: 1 })).toBe(128_001);
        },
      ),
    );
  });
});
