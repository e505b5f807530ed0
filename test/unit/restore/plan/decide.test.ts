import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import { compareKeys } from '../../../../src/key-order.js';
import type { ListedObject } from '../../../../src/object-store/port.js';
import {
  type RestoreAction,
  compareWithTarget,
  countInto,
  decideAction,
  emptyPlan,
} from '../../../../src/restore/plan/decide.js';
import { mergeWithTarget } from '../../../../src/restore/plan/merge.js';
import { collect } from '../../../helpers/archive-memory.js';

const MD5 = '0123456789abcdef0123456789abcdef';
const OTHER_MD5 = 'ffffffffffffffffffffffffffffffff';
const MULTIPART = '00000000000000000000000000000000-3';

function lineOf(key: string, more: Partial<IndexLine> = {}): IndexLine {
  return {
    ...{ bucket: 'b', key, size: 10, etag: MD5, sha256: '', path: '', archive: '' },
    ...{ last_modified: '2026-01-01T00:00:00.000Z', offset: 0, length: 0, inner: 0 },
    ...more,
  };
}

function targetOf(key: string, more: Partial<ListedObject> = {}): ListedObject {
  return { key, sizeBytes: 10, etag: MD5, lastModified: '2026-01-01T00:00:00.000Z', ...more };
}

describe('an object of the backup and the one under its key', () => {
  it.each([
    ['same size, same MD5', {}, {}, 'same'],
    ['another size', {}, { sizeBytes: 11 }, 'different'],
    ['another size, same ETag', { etag: '' }, { sizeBytes: 11, etag: '' }, 'different'],
    ['another MD5', {}, { etag: OTHER_MD5 }, 'different'],
    ['the very same multipart upload', { etag: MULTIPART, md5: MD5 }, { etag: MULTIPART }, 'same'],
    ['uploaded in parts, restored in one', { etag: MULTIPART, md5: MD5 }, {}, 'same'],
    [
      'uploaded in parts, replaced',
      { etag: MULTIPART, md5: MD5 },
      { etag: OTHER_MD5 },
      'different',
    ],
    ['copied in parts since', {}, { etag: MULTIPART }, 'unknown'],
    ['a target without ETags', {}, { etag: '' }, 'unknown'],
    ['no ETags at all', { etag: '', md5: MD5 }, { etag: '' }, 'unknown'],
    ['a source without ETags', { etag: '', md5: MD5 }, {}, 'same'],
  ] as const)('%s', (_, line, target, expected) => {
    expect(compareWithTarget(lineOf('k', line), targetOf('k', target), false)).toBe(expected);
  });
});

describe('what is done with it', () => {
  it.each([
    ['absent', 'overwrite', 'create'],
    ['absent', 'skip', 'create'],
    ['absent', 'fail', 'create'],
    ['same', 'overwrite', 'unchanged'],
    ['same', 'skip', 'unchanged'],
    ['same', 'fail', 'unchanged'],
    ['different', 'overwrite', 'overwrite'],
    ['different', 'skip', 'skip'],
    ['different', 'fail', 'conflict'],
    ['unknown', 'fail', 'conflict'],
  ] as const)('%s, --on-conflict %s: %s', (likeness, onConflict, action) => {
    expect(decideAction(likeness, onConflict)).toBe(action);
  });

  it('is counted, each object once, and bytes only of what is transferred', () => {
    const action = fc.constantFrom<RestoreAction>(
      ...(['create', 'overwrite', 'unchanged', 'skip', 'conflict'] as const),
    );
    const object = fc.record({ action, size: fc.nat(2 ** 40) });
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        const plan = emptyPlan('b', 'b', false);
        for (const { action, size } of objects) {
          countInto(plan, { line: lineOf('k', { size }), action });
        }
        const { create, overwrite, unchanged, skip, conflict } = plan;
        expect(create + overwrite + unchanged + skip + conflict).toBe(objects.length);
        const moved = objects.filter(
          (one) => one.action === 'create' || one.action === 'overwrite',
        );
        expect(create + overwrite).toBe(moved.length);
        expect(plan.bytes).toBe(moved.reduce((sum, { size }) => sum + size, 0));
      }),
    );
  });
});

describe('the backup beside its target', () => {
  // Few letters, so that both sides often have the same keys; one outside the basic plane.
  const key = fc
    .array(fc.constantFrom('a', 'b', '/', 'é', '\uff5e', '\u{1f600}'), {
      minLength: 1,
      maxLength: 4,
    })
    .map((letters) => letters.join(''));
  const keys = fc.uniqueArray(key, { maxLength: 40 }).map((all) => all.sort(compareKeys));
  const cuts = fc.infiniteStream(fc.integer({ min: 0, max: 7 }));

  it('each line meets the object under its key, and no other, however both are cut', async () => {
    await fc.assert(
      fc.asyncProperty(keys, keys, cuts, cuts, async (kept, present, cutA, cutB) => {
        const lines = kept.map((name) => lineOf(name));
        const targets = present.map((name) => targetOf(name));
        const merged = await collect(mergeWithTarget(pages(lines, cutA), pages(targets, cutB)));
        const there = new Set(present);
        expect(merged.flat().map(({ line, target }) => [line.key, target?.key])).toEqual(
          kept.map((name) => [name, there.has(name) ? name : undefined]),
        );
      }),
    );
  });

  it('a listing that fails fails the plan, and is closed when nobody reads on', async () => {
    const failing = mergeWithTarget(
      pages([lineOf('b')], [1]),

      (async function* () {
        await Promise.reject(new Error('gone'));
      })(),
    );
    await expect(collect(failing)).rejects.toThrow('gone');

    let closed = false;
    const endless = (async function* () {
      try {
        for (;;) yield await Promise.resolve([targetOf('a')]);
      } finally {
        closed = true;
      }
    })();
    for await (const page of mergeWithTarget(pages([lineOf('a')], [1]), endless)) {
      expect(page).toHaveLength(1);
      break;
    }
    expect(closed).toBe(true);
  });
});

/** The items in pages of these sizes, some of them empty. */
async function* pages<T>(items: readonly T[], sizes: Iterable<number>): AsyncGenerator<T[]> {
  let at = 0;
  for (const size of sizes) {
    if (at >= items.length) return;
    yield await Promise.resolve(items.slice(at, at + size));
    at += size;
  }
}
