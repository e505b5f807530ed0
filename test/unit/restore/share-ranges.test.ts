import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChunkReference } from '../../../src/archive/directory.js';
import { type ObjectName, compareKeys, compareObjects } from '../../../src/key-order.js';
import { weightOf } from '../../../src/ranges/cut-index.js';
import { type KeyRange, compareRanges, isWithin } from '../../../src/ranges/key-range.js';
import { shareRanges } from '../../../src/restore/share-ranges.js';
import type { RestoreSelection } from '../../../src/restore/selection.js';

const EVERYTHING: RestoreSelection = {
  buckets: [],
  keys: [],
  prefixes: [],
  renames: new Map<string, string>(),
};

function chunk(
  first: ObjectName,
  last: ObjectName,
  objects: number,
  bytes: number,
): ChunkReference {
  const place = { archive: 'x', offset: 0, length: 1, size: 1, sha256: '' };
  return { ...place, first, last, objects, bytes };
}

function directoryOf(chunks: ChunkReference[], buckets: readonly string[]) {
  const entry = { created_at: null, region: null, objects: 0, bytes: 0 };
  return { buckets: buckets.map((name) => ({ name, ...entry })), chunks };
}

function sharesOf(directory: ReturnType<typeof directoryOf>, of: number, selection = EVERYTHING) {
  return Array.from({ length: of }, (_, at) =>
    shareRanges(directory, selection, { index: at + 1, of }),
  );
}

const chunksOf = fc
  .tuple(
    fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.string({ unit: 'grapheme' })), {
      selector: ([bucket, key]) => `${bucket}/${key}`,
      maxLength: 80,
    }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 9000 }), fc.nat(2_000_000_000)), {
      minLength: 40,
      maxLength: 40,
    }),
  )
  .map(([names, counts]) => {
    const objects = names.map(([bucket, key]) => ({ bucket, key })).sort(compareObjects);
    return counts.flatMap(([count, bytes], i) => {
      const [first, last] = objects.slice(2 * i, 2 * i + 2);
      return first === undefined || last === undefined ? [] : [chunk(first, last, count, bytes)];
    });
  });

describe('the shares of a restore', () => {
  it('cover each selected bucket exactly once, from its first key to its last', () => {
    fc.assert(
      fc.property(
        chunksOf,
        fc.subarray(['a', 'b', 'c', 'empty'], { minLength: 1 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom([], ['a'], ['', 'é']),
        (chunks, buckets, of, prefixes) => {
          const directory = directoryOf(chunks, ['a', 'b', 'c', 'empty']);
          const shares = sharesOf(directory, of, { ...EVERYTHING, buckets, prefixes });
          for (const ranges of shares) expect(ranges).toEqual([...ranges].sort(compareRanges));
          const all = shares.flat().sort(compareRanges);
          expect([...new Set(all.map(({ bucket }) => bucket))]).toEqual([...buckets].sort());
          for (const bucket of buckets) {
            const own = all.filter((range) => range.bucket === bucket);
            expect(own.map(({ after }) => after)).toEqual([
              null,
              ...own.slice(0, -1).map(({ through }) => through),
            ]);
            expect(own.at(-1)?.through).toBeNull();
            for (const { after, through } of own) {
              if (after !== null && through !== null)
                expect(compareKeys(after, through)).toBeLessThan(0);
            }
          }
        },
      ),
    );
  });

  it('weigh about the same: none has more than the lightest and one range beside', () => {
    const chunks = Array.from({ length: 400 }, (_, i) => {
      const key = String(i).padStart(4, '0');
      return chunk({ bucket: 'a', key }, { bucket: 'a', key: `${key}z` }, 1 + ((i * 37) % 500), i);
    });
    const weighed = (ranges: KeyRange[]) =>
      chunks
        .filter(({ last }) => ranges.some((range) => isWithin(range, last.key)))
        .reduce((sum, one) => sum + weightOf(one), 0);
    const total = chunks.reduce((sum, one) => sum + weightOf(one), 0);
    for (const of of [2, 3, 7]) {
      const weights = sharesOf(directoryOf(chunks, ['a']), of).map(weighed);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(total);
      expect(Math.max(...weights) - Math.min(...weights)).toBeLessThan((total / of) * 0.3);
    }
  });

  it('are empty where there are more of them than ranges', () => {
    const one = chunk({ bucket: 'a', key: 'x' }, { bucket: 'a', key: 'y' }, 1, 1);
    const shares = sharesOf(directoryOf([one], ['a', 'empty']), 5);
    expect(shares.filter((ranges) => ranges.length > 0)).toHaveLength(2);
  });

  it('leave a bucket that is not selected out, and refuse one that the backup does not have', () => {
    const directory = directoryOf([], ['a', 'b']);
    const selection = { ...EVERYTHING, buckets: ['b'] };
    expect(shareRanges(directory, selection, { index: 1, of: 1 })).toEqual([
      { bucket: 'b', after: null, through: null },
    ]);
    expect(() =>
      shareRanges(directory, { ...selection, buckets: ['c'] }, { index: 1, of: 1 }),
    ).toThrow('no bucket c');
  });
});
