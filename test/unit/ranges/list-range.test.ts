import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyRange } from '../../../src/ranges/key-range.js';
import { isWithin, rangesBetween } from '../../../src/ranges/key-range.js';
import { listRange } from '../../../src/ranges/list-range.js';
import { compareKeys } from '../../../src/key-order.js';
import type { ListPageOptions } from '../../../src/object-store/port.js';
import {
  ListingUnreliable,
  OrderedListings,
} from '../../../src/object-store/order/ordered-listings.js';
import { eachObjectPage } from '../../../src/object-store/s3/requests/list-requests.js';
import { collect } from '../../helpers/archive-memory.js';
import { type KeysStore, keysStore } from '../../helpers/keys-store.js';
import { ODD_STARTS, endingEarly, outOfOrder } from '../../helpers/odd-keys-stores.js';

const KEYS = Array.from({ length: 95 }, (_, i) => `key-${i + 10}`).sort(compareKeys);
const range = (after: string | null, through: string | null): KeyRange => ({
  bucket: 'b',
  after,
  through,
});

function contextOf(store: KeysStore) {
  const doubts: string[] = [];
  const listObjects = (bucket: string, options = {}) => eachObjectPage(store, bucket, options);
  const listings = new OrderedListings({ endpoint: store.endpoint, listObjects });
  const startedAt = new Date('2026-01-02T00:00:00Z');
  return { store, listings, startedAt, doubts, onDoubt: (doubt: string) => doubts.push(doubt) };
}

async function list(store: KeysStore, of: KeyRange, context = contextOf(store)) {
  const pages = await collect(listRange(context, of, {}));
  return { keys: pages.flat().map(({ key }) => key), doubts: context.doubts };
}

const keyShapes = fc
  .tuple(
    fc.integer({ min: 1, max: 4000 }),
    fc.constantFrom('', 'docs/', 'a/b/c/', '文/', 'deep/'.repeat(180)),
    fc.constantFrom(10, 16, 36),
    fc.constantFrom('', '.jpg', '/é'),
  )
  .map(([count, start, base, end]) =>
    Array.from({ length: count }, (_, i) => `${start}${(i * 7919).toString(base)}${end}`).sort(
      compareKeys,
    ),
  );

/** True for the first of the requests that it is true for. */
function once(isMeant: (options: ListPageOptions) => boolean) {
  let isDone = false;
  return (options: ListPageOptions) => {
    const is = !isDone && isMeant(options);
    isDone ||= is;
    return is;
  };
}

function answeringNothing(
  store: KeysStore,
  isMeant: (options: ListPageOptions) => boolean,
): KeysStore {
  return {
    ...store,
    listPage: async (bucket, options = {}) =>
      isMeant(options) ? { objects: [], nextToken: null } : await store.listPage(bucket, options),
  };
}

const within = (of: KeyRange) => KEYS.filter((key) => isWithin(of, key));

describe('the listing of a range', () => {
  it('has its keys, and no more pages are asked for than one past its end', async () => {
    const store = keysStore(KEYS, 10);
    const of = range(KEYS[14] ?? null, KEYS[31] ?? null);
    expect(await list(store, of)).toEqual({ keys: KEYS.slice(15, 32), doubts: [] });
    expect(store.requests.length).toBeLessThanOrEqual(3);
    expect(await list(store, range(null, 'a'))).toEqual({ keys: [], doubts: [] });
  });

  it('is cut at any keys without gap or overlap', async () => {
    const cuts = fc.uniqueArray(fc.oneof(fc.constantFrom(...KEYS), fc.string()), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 4, max: 40 }), async (ends, size) => {
        const store = keysStore(KEYS, size);
        const ranges = rangesBetween(range(null, null), ends.sort(compareKeys));
        const found = [];
        for (const of of ranges) found.push(...(await list(store, of)).keys);
        expect(found).toEqual(KEYS);
      }),
      { numRuns: 40 },
    );
  });

  it.each(['includes the key', 'ignores the key'] as const)(
    'is complete where the server %s',
    async (quirk) => {
      for (const [after, through] of [
        [KEYS[14], KEYS[31]],
        [KEYS[14], null],
        [undefined, KEYS[30]],
        [KEYS[20], KEYS[20]],
      ] as const) {
        const of = range(after ?? null, through ?? null);
        expect((await list(ODD_STARTS[quirk](KEYS), of)).keys).toEqual(within(of));
      }
    },
  );

  it.each(['answers nothing', 'needs a key that exists'] as const)(
    'is not believed to be empty where the server %s',
    async (quirk) => {
      const store = ODD_STARTS[quirk](KEYS);
      const listing = list(store, range('key-50-is-no-key', null));
      await expect(listing).rejects.toBeInstanceOf(ListingUnreliable);
    },
  );

  it('may be empty behind the last key, and in an empty bucket', async () => {
    const last = KEYS.at(-1) ?? '';
    for (const after of [last, `${last}-gone`, 'zzz', '\u{1f600}']) {
      const store = keysStore(KEYS, 10);
      expect(await list(store, range(after, null))).toEqual({ keys: [], doubts: [] });
      expect(store.requests.length).toBeLessThanOrEqual(25);
    }
    expect((await list(keysStore([]), range('a', 'b'))).keys).toEqual([]);
    expect((await list(keysStore([]), range(null, null))).keys).toEqual([]);
  });

  it('is not believed to be empty for one answer, or for all, whatever lies before it', async () => {
    const docs = Array.from({ length: 3000 }, (_, i) => `docs/${String(i).padStart(6, '0')}`);
    const texts = Array.from({ length: 2500 }, (_, i) => `docs/文${String(i).padStart(6, '0')}`);
    for (const after of ['docs/中', 'docs/002999', 'docs/0029995', '\u{4e2d}', 'e'] as const) {
      const store = keysStore([...docs, ...texts, ...texts.map((key) => `文/${key}`)]);
      const isMeant = (options: ListPageOptions) => options.startAfter === after;
      const whole = await list(store, range(after, null));
      expect(whole.keys.length).toBeGreaterThan(2000);
      const odd = answeringNothing(store, once(isMeant));
      expect(await list(odd, range(after, null))).toEqual(whole);
      const always = list(answeringNothing(store, isMeant), range(after, null));
      await expect(always).rejects.toBeInstanceOf(ListingUnreliable);
      // From the first key on, too.
      const first = answeringNothing(
        store,
        once(() => true),
      );
      expect(await list(first, range(null, after))).toEqual(await list(store, range(null, after)));
      const none = answeringNothing(store, ({ startAfter }) => startAfter === undefined);
      const start = list(none, range(null, after));
      await expect(start).rejects.toBeInstanceOf(ListingUnreliable);
    }
  });

  it('is believed to be empty behind very many keys of any shape', async () => {
    await fc.assert(
      fc.asyncProperty(keyShapes, fc.integer({ min: 3, max: 1000 }), async (keys, size) => {
        const last = keys.at(-1) ?? '';
        for (const after of [last, `${last}!`, `${last.slice(0, -1)}\u{10fffd}`, '\u{10ffff}']) {
          if (!after.isWellFormed() || compareKeys(after, last) < 0) continue;
          const store = keysStore(keys, size);
          expect(await list(store, range(after, null))).toEqual({ keys: [], doubts: [] });
          expect(store.requests.length).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('ends at an end that is moved while it is listed', async () => {
    const store = keysStore(KEYS, 10);
    const of = range(null, null);
    const found: string[] = [];
    for await (const page of listRange(contextOf(store), of, {})) {
      found.push(...page.map(({ key }) => key));
      if (found.length === 20) of.through = KEYS[33] ?? null;
    }
    expect(found).toEqual(KEYS.slice(0, 34));
    expect(store.requests.length).toBeLessThanOrEqual(5);
  });

  it('goes on where it ended early', async () => {
    for (const through of [KEYS[60] ?? null, null]) {
      const of = range(null, through);
      const { keys, doubts } = await list(endingEarly(KEYS, 20), of);
      expect(keys).toEqual(within(of));
      expect(doubts).toContain('ended_early');
    }
    // It proves that the range ended.
    const { keys, doubts } = await list(endingEarly(KEYS, 20), range(null, KEYS[12] ?? null));
    expect({ keys, doubts }).toEqual({ keys: KEYS.slice(0, 13), doubts: [] });
  });

  it('is rejected where the server lists out of order, now or before', async () => {
    const store = outOfOrder(KEYS);
    const context = contextOf(store);
    await expect(list(store, range(null, null), context)).rejects.toBeInstanceOf(ListingUnreliable);
    await expect(list(keysStore(KEYS), range(null, null), context)).rejects.toThrow(
      'the listing of b is out of order',
    );
  });
});
