import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import { compareKeys } from '../../../../src/key-order.js';
import { mergeWithTarget, objectsNotIn } from '../../../../src/restore/plan/merge.js';
import { collect } from '../../../helpers/archive-memory.js';

const key = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('\u{ff21}', '\u{1f600}', 'a/b'));
const keys = fc.uniqueArray(key, { maxLength: 12 }).map((list) => list.sort(compareKeys));
const pageSize = fc.integer({ min: 1, max: 5 });

function lineOf(name: string): IndexLine {
  return {
    ...{ bucket: 'b', key: name, size: 0, etag: '', sha256: '', path: '', archive: '' },
    ...{ last_modified: '', offset: 0, length: 0, inner: 0 },
  };
}

// oxlint-disable-next-line typescript/require-await -- pages as they come from elsewhere
async function* paged<T>(items: readonly T[], size: number): AsyncGenerator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

describe('the objects that only the target has', () => {
  it('are those whose keys no line has, wherever chunks and pages end', async () => {
    const property = fc.asyncProperty(
      keys,
      keys,
      pageSize,
      pageSize,
      async (ours, theirs, m, n) => {
        const listing = theirs.map((name) => ({
          ...{ key: name, sizeBytes: 0, etag: '', lastModified: '' },
        }));
        const pages = await collect(objectsNotIn(paged(ours.map(lineOf), m), paged(listing, n)));
        const expected = theirs.filter((name) => !ours.includes(name));
        expect(pages.flat().map((object) => object.key)).toEqual(expected);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('leave out a key of the backup that the server lists twice', async () => {
    const listing = ['a', 'b', 'b', 'c', 'c', 'd'].map((name) => ({
      ...{ key: name, sizeBytes: 0, etag: '', lastModified: '' },
    }));
    for (const size of [1, 2, 6]) {
      const lines = ['b', 'c'].map(lineOf);
      const extras = await collect(objectsNotIn(paged(lines, size), paged(listing, size)));
      expect(extras.flat().map((object) => object.key)).toEqual(['a', 'd']);
      const others: string[] = [];
      const merged = mergeWithTarget(paged(lines, size), paged(listing, size), (object) =>
        others.push(object.key),
      );
      expect((await collect(merged)).flat().map(({ target }) => target?.key)).toEqual(['b', 'c']);
      expect(others).toEqual(['a', 'd']);
    }
  });
});
