import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bisect } from '../../../src/ranges/bisect.js';
import { OBJECT_COST_BYTES } from '../../../src/ranges/cut-index.js';
import { cutListing } from '../../../src/ranges/cut-listing.js';
import { type KeyRange, compareRanges } from '../../../src/ranges/key-range.js';
import { compareKeys } from '../../../src/key-order.js';
import type { ListPageOptions } from '../../../src/object-store/port.js';
import { KEY_SHAPES, keysOf } from '../../helpers/key-shapes.js';
import { countWithin, keysStore } from '../../helpers/keys-store.js';
import { ODD_STARTS, outOfOrder } from '../../helpers/odd-keys-stores.js';
import { planShards } from '../../helpers/plan-shards.js';

const { signal } = new AbortController();
const WHOLE: KeyRange = { bucket: 'b', after: null, through: null };
const WANTED = 16;

/** Ranges that lie one behind the other from the first key to the last. */
function expectCover(ranges: readonly KeyRange[]): void {
  const sorted = [...ranges].sort(compareRanges);
  const ends = sorted.map(({ through }) => through);
  expect(ends.at(-1)).toBeNull();
  expect(sorted.map(({ after }) => after)).toEqual([null, ...ends.slice(0, -1)]);
  const inside = ends.slice(0, -1).map((end) => end ?? '');
  expect(inside).toEqual([...new Set(inside)].sort(compareKeys));
  for (const key of inside) expect(key.isWellFormed()).toBe(true);
}

describe('a bucket that no earlier backup holds', () => {
  it.each(Object.entries(KEY_SHAPES))('is cut and split: %s', async (_, shape) => {
    const keys = keysOf(shape, 20_000);
    const plan = await planShards(keys, WANTED, 50);
    expectCover(plan.ranges);
    expectCover(plan.ends);
    expect(plan.ranges.length).toBeLessThanOrEqual(WANTED);
    expect(plan.requests).toBeLessThanOrEqual(8 * WANTED);
    expect(plan.requestsOfASplit).toBeLessThanOrEqual(32);
    expect(plan.largestInTheEnd).toBeLessThanOrEqual(2);
  });

  it('is one range where one is wanted, and where there is nothing in it', async () => {
    const store = keysStore(['a', 'b']);
    expect(await cutListing(store, 'b', { wanted: 1, signal })).toEqual([WHOLE]);
    expect(store.requests).toEqual([]);
    expect(await cutListing(keysStore([]), 'b', { wanted: 9, signal })).toEqual([WHOLE]);
    expect(await cutListing(keysStore(['a']), 'b', { wanted: 9, signal })).toEqual([WHOLE]);
  });

  it('is cut within a page, too', async () => {
    for (const [count, pages] of [
      [900, 1],
      [1800, 2],
    ] as const) {
      const keys = keysOf((i) => `key-${i}`, count);
      const ranges = await cutListing(keysStore(keys), 'b', { wanted: 8, signal });
      expectCover(ranges);
      expect(ranges).toHaveLength(8);
      const most = Math.max(...ranges.map((range) => countWithin(keys, range)));
      expect(most, `${pages} pages`).toBeLessThan((1.6 * count) / 8);
    }
  });

  it('has no ranges that are not worth a shard', async () => {
    const keys = keysOf((i) => `key-${i}`, 900);
    const leastWeight = 900 * OBJECT_COST_BYTES;
    const ranges = async (bytes: number) => {
      const store = keysStore(keys, 1000, bytes);
      return (await cutListing(store, 'b', { wanted: 8, leastWeight, signal })).length;
    };
    expect(await ranges(0)).toBe(1);
    expect(await ranges(3 * OBJECT_COST_BYTES)).toBe(4);
    expect(await ranges(1e9)).toBe(8);
  });

  it('takes few requests if it is small', async () => {
    const store = keysStore(keysOf((i) => `key-${i}`, 3000));
    expectCover(await cutListing(store, 'b', { wanted: 64, signal }));
    expect(store.requests.length).toBeLessThanOrEqual(26);
  });

  it('is covered exactly, whatever its keys are', async () => {
    const key = fc.string({ unit: 'binary', maxLength: 5 });
    const keys = fc.uniqueArray(key, { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(keys, fc.integer({ min: 1, max: 9 }), async (all, pageSize) => {
        const sorted = all.sort(compareKeys);
        expectCover(await cutListing(keysStore(sorted, pageSize), 'b', { wanted: 5, signal }));
        const range = { bucket: 'b', after: sorted[9] ?? null, through: sorted[99] ?? null };
        const split = await bisect(keysStore(sorted, pageSize), range, sorted[12] ?? null, signal);
        if (split === undefined) return;
        expect(split.isWellFormed()).toBe(true);
        const near = countWithin(sorted, { after: sorted[12] ?? null, through: split });
        const far = countWithin(sorted, { after: split, through: range.through });
        expect(Math.min(near, far)).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('is not cut where the server does not list from a key on', async () => {
    const keys = keysOf((i) => `key-${i}`, 300);
    for (const store of [ODD_STARTS['ignores the key'](keys), outOfOrder(keys)]) {
      await expect(cutListing(store, 'b', { wanted: 4, signal })).rejects.toMatchObject({
        code: 'refused',
      });
    }
  });

  it('can have empty pages, but not without end', async () => {
    const keys = keysOf((i) => `key-${i}`, 600);
    const full = keysStore(keys, 20);
    const withEmptyPages = (most: number) => ({
      listPage: (bucket: string, options: ListPageOptions = {}) => {
        const [place = '', empty = '0'] = (options.token ?? '').split('/');
        const token = place === '' ? undefined : place;
        if (Number(empty) >= most) return full.listPage(bucket, { ...options, token });
        const nextToken = `${place}/${Number(empty) + 1}`;
        return Promise.resolve({ objects: [], nextToken });
      },
    });
    const tokens = keysStore(keys, 20);
    expect(await tokens.listPage('b')).toMatchObject({ nextToken: '20' });
    await expect(cutListing(withEmptyPages(Infinity), 'b', { wanted: 4, signal })).rejects.toThrow(
      'as empty pages',
    );
  });

  it('ends when the signal is aborted', async () => {
    const controller = new AbortController();
    const store = keysStore(
      keysOf((i) => `key-${i}`, 3000),
      10,
    );
    const { listPage } = store;
    store.listPage = (bucket, options) => {
      if (store.requests.length === 20) controller.abort(new Error('enough'));
      return listPage(bucket, options);
    };
    await expect(cutListing(store, 'b', { wanted: 16, signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    expect(store.requests.length).toBeLessThan(40);
  });
});

describe('what a worker has left', () => {
  const keys = keysOf((i) => `key-${String(i).padStart(5, '0')}`, 9000);
  const store = () => keysStore(keys, 100);

  it('is split about in the middle, by few requests', async () => {
    const range = { bucket: 'b', after: 'key-01000', through: 'key-08000' };
    const asked = store();
    const key = (await bisect(asked, range, 'key-02000', signal)) ?? '';
    const far = countWithin(keys, { ...range, after: key });
    expect(far).toBeGreaterThan(2000);
    expect(far).toBeLessThan(4000);
    expect(asked.requests.length).toBeLessThanOrEqual(32);
  });

  it('is not split if it is less than two pages', async () => {
    const range = { bucket: 'b', after: null, through: 'key-08000' };
    for (const after of ['key-08000', 'key-07950', 'key-07850']) {
      expect(await bisect(store(), range, after, signal)).toBeUndefined();
    }
    expect(await bisect(store(), WHOLE, 'zzz', signal)).toBeUndefined();
    expect(await bisect(keysStore([]), WHOLE, null, signal)).toBeUndefined();
  });
});
