import { compareKeys } from '../key-order.js';
import { type ListingToTheEnd, pageAfter } from '../object-store/order/listing-to-the-end.js';
import { ListingUnreliable, type OrderedListings } from '../object-store/order/ordered-listings.js';
import type { ListOptions, ListedObject } from '../object-store/port.js';
import { pointsOf, textOf } from './key-points.js';
import { type KeyRange, isPast, isWithin } from './key-range.js';
import { mayUseRanges } from './probe-ranges.js';

export interface RangeListing extends ListingToTheEnd {
  listings: Pick<OrderedListings, 'list' | 'inOrder' | 'isUnordered'>;
}

type Options = Pick<ListOptions, 'prefix' | 'signal'>;

/**
 * Yields the listing of a range in key order, in pages. A page with a key past the range proves that
 * the range is complete; at most one more page is asked for then. Where the listing ends before that,
 * a request behind its last key looks for further objects, as `listToTheEnd` does. Where it has nothing
 * at all behind the start of the range, requests from earlier places look whether that can be true.
 *
 * With a prefix, only what begins with it is listed; the range then begins at or behind the prefix.
 *
 * Rejects with `ListingUnreliable` if the bucket lists out of order, or if a range without keys
 * cannot be true: the caller then lists the bucket as a whole.
 */
export async function* listRange(
  context: RangeListing,
  range: KeyRange,
  options: Options,
): AsyncGenerator<readonly ListedObject[]> {
  const { bucket, after, through } = range;
  if (context.listings.isUnordered(bucket)) throw unreliable(bucket, 'is out of order');
  let last: string | undefined;
  const startAfter = after ?? undefined;
  for await (const page of context.listings.list(bucket, { ...options, startAfter })) {
    const within = page.filter(({ key }) => isWithin(range, key));
    if (within.length > 0) yield within;
    last = within.at(-1)?.key ?? last;
    const end = page.at(-1)?.key;
    if (end !== undefined && (end === through || isPast(end, through))) return;
  }
  if (last === undefined && after !== null) {
    await checkEnd(context, bucket, after, options);
    return;
  }
  while (last !== undefined && last !== through) {
    const page = await pageAfter(context, bucket, last, options);
    const within = page.filter(({ key }) => !isPast(key, through));
    if (within.length > 0) yield within;
    if (within.length < page.length) return;
    last = within.at(-1)?.key;
  }
}

/**
 * Checks a listing that has nothing behind a key: asks for what follows an earlier place, ever farther before
 * the key, until the answer has objects. If none of them is behind the key, the server can list from
 * a place between keys, and knows of nothing behind this one. Rejects with `ListingUnreliable` otherwise.
 */
async function checkEnd(
  { store }: RangeListing,
  bucket: string,
  after: string,
  options: Options,
): Promise<void> {
  const points = pointsOf(after);
  for (let dropped = 1; ; dropped *= 2) {
    const place = textOf(points.slice(0, -dropped));
    const isStart = place === '';
    const page = await store.listPage(bucket, {
      ...options,
      startAfter: isStart ? undefined : place,
    });
    if (page.objects.some(({ key }) => compareKeys(key, after) > 0)) {
      throw unreliable(bucket, 'has no object behind a key, and has some behind an earlier one');
    }
    if (page.objects.length > 0 && !isStart) return;
    if (!isStart) continue;
    const verdict = await mayUseRanges(store, bucket, options.signal);
    if (verdict !== 'yes') throw unreliable(bucket, `is not to be trusted: ${verdict.reason}`);
    return;
  }
}

function unreliable(bucket: string, what: string): ListingUnreliable {
  const nameless = `the listing of ${bucket} from a key on cannot be trusted`;
  return new ListingUnreliable(
    `the listing of ${bucket} ${what}`,
    'the bucket is listed as a whole',
    nameless,
  );
}
