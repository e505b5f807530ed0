import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyRange } from '../../../src/ranges/key-range.js';
import { isWithin, rangesBetween } from '../../../src/ranges/key-range.js';
import { listRange } from '../../../src/ranges/list-range.js';
import { compareKeys } from '../../../src/key-order.js';
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
      expect(store.requests.length).toBeLessThanOrEqual(10);
    }
    expect((await list(keysStore([]), range('a', 'b'))).keys).toEqual([]);
    expect((await list(keysStore([]), range(null, null))).keys).toEqual([]);
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
