import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bisect } from '../../../src/ranges/bisect.js';
import { cutListing } from '../../../src/ranges/cut-listing.js';
import { type KeyRange, isWithin, rangesBetween } from '../../../src/ranges/key-range.js';
import { listRange } from '../../../src/ranges/list-range.js';
import { mayUseRanges } from '../../../src/ranges/probe-ranges.js';
import { compareKeys } from '../../../src/key-order.js';
import { OrderedListings } from '../../../src/object-store/order/ordered-listings.js';
import { collect } from '../../helpers/archive-memory.js';
import { KEY_SHAPES } from '../../helpers/key-shapes.js';
import { countWithin } from '../../helpers/keys-store.js';
import {
  contentOf,
  freshBucket,
  inParallel,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';

/** Some of each shape, in one bucket. */
const KEYS = [
  ...new Set(
    Object.values(KEY_SHAPES).flatMap((shape) =>
      Array.from({ length: 240 }, (_, i) => shape(i, 240)),
    ),
  ),
].sort(compareKeys);

describe('ranges of a bucket', () => {
  const store = testStore();
  const { signal } = new AbortController();
  let bucket: string;
  let whole: KeyRange;

  beforeAll(async () => {
    bucket = await freshBucket(store);
    whole = { bucket, after: null, through: null };
    const content = contentOf('x');
    await inParallel(64, KEYS, (key) => store.putObject(bucket, key, content));
  });
  afterAll(async () => {
    await removeBucket(store, bucket);
    store.close();
  });

  async function list(range: KeyRange): Promise<{ keys: string[]; doubts: string[] }> {
    const doubts: string[] = [];
    const pages = listRange(
      {
        store,
        listings: new OrderedListings(store),
        startedAt: new Date(),
        onDoubt: (doubt) => doubts.push(doubt),
      },
      range,
      { signal },
    );
    return { keys: (await collect(pages)).flat().map(({ key }) => key), doubts };
  }

  it('may be used, and have each key once', async () => {
    expect(await mayUseRanges(store, bucket, signal)).toBe('yes');
    const ends = KEYS.filter((_, i) => i % 211 === 100).flatMap((key) => [key, `${key}!`]);
    // Places behind all keys, too.
    const ranges = rangesBetween(whole, [...ends, '\u{10fffd}', '\u{10fffd}x']);
    const keys: string[] = [];
    for (const range of ranges) {
      const found = await list(range);
      expect(found).toEqual({ keys: KEYS.filter((key) => isWithin(range, key)), doubts: [] });
      keys.push(...found.keys);
    }
    expect(keys).toEqual(KEYS);
  });

  it('come from a cut, and can be split', async () => {
    const ranges = await cutListing(store, bucket, { wanted: 3, signal });
    expect(ranges.length).toBeGreaterThan(1);
    const found = await Promise.all(ranges.map(list));
    expect(found.flatMap(({ keys }) => keys)).toEqual(KEYS);

    const key = await bisect(store, whole, null, signal);
    if (key === undefined) throw new Error('not split');
    const near = countWithin(KEYS, { after: null, through: key });
    expect(near).toBeGreaterThan(KEYS.length / 5);
    expect(near).toBeLessThan((KEYS.length * 4) / 5);
    expect(await bisect(store, whole, KEYS[KEYS.length - 1500] ?? null, signal)).toBeUndefined();
  });
});
