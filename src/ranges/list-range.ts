import { type ListingToTheEnd, pageAfter } from '../object-store/order/listing-to-the-end.js';
import { ListingUnreliable, type OrderedListings } from '../object-store/order/ordered-listings.js';
import type { ListOptions, ListedObject } from '../object-store/port.js';
import { type KeyRange, isPast, isWithin } from './key-range.js';
import { whyNotEmpty } from './why-not-empty.js';

export interface RangeListing extends ListingToTheEnd {
  listings: Pick<OrderedListings, 'list' | 'inOrder' | 'isUnordered'>;
}

type Options = Pick<ListOptions, 'prefix' | 'signal'>;

/**
 * Yields the listing of a range in key order, in pages. A page with a key past the range proves that
 * the range is complete; at most one more page is asked for then. Where the listing ends before that,
 * a request behind its last key looks for further objects, as `listToTheEnd` does. Where it has nothing
 * at all, requests from other places look whether that can be true. The end of the range may be moved to an
 * earlier key between two pages.
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
  const { bucket, after } = range;
  if (context.listings.isUnordered(bucket)) throw unreliable(bucket, 'is out of order');
  let last: string | undefined;
  const startAfter = after ?? undefined;
  for await (const page of context.listings.list(bucket, { ...options, startAfter })) {
    const within = page.filter(({ key }) => isWithin(range, key));
    if (within.length > 0) yield within;
    last = within.at(-1)?.key ?? last;
    const end = page.at(-1)?.key;
    if (end !== undefined && (end === range.through || isPast(end, range.through))) return;
  }
  if (last === undefined) {
    const fault = await whyNotEmpty(context, range, options);
    if (fault !== undefined) throw unreliable(bucket, fault);
    return;
  }
  while (last !== undefined && last !== range.through) {
    const page = await pageAfter(context, bucket, last, options);
    const within = page.filter(({ key }) => !isPast(key, range.through));
    if (within.length > 0) yield within;
    if (within.length < page.length) return;
    last = within.at(-1)?.key;
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
