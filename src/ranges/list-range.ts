import { type ListingToTheEnd, pageAfter } from '../object-store/order/listing-to-the-end.js';
import { ListingUnreliable, type OrderedListings } from '../object-store/order/ordered-listings.js';
import type { ListOptions, ListedObject } from '../object-store/port.js';
import { type KeyRange, isPast, isWithin } from './key-range.js';
import { whyNotEmpty } from './why-not-empty.js';

export interface RangeListing extends ListingToTheEnd {
  listings: Pick<OrderedListings, 'list' | 'inOrder' | 'isUnordered'>;
}

type Options = Pick<ListOptions, 'prefix' | 'signal'>;

/** How often a range is listed that has nothing, and is not empty. */
const ATTEMPTS = 3;

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
  const { bucket } = range;
  if (context.listings.isUnordered(bucket)) throw unreliable(bucket, 'is out of order');
  for (let attempt = 1; ; attempt++) {
    const end = { last: undefined as string | undefined, isPast: false };
    yield* listFromStart(context, range, options, end);
    if (end.isPast) return;
    if (end.last !== undefined) {
      yield* listOn(context, range, options, end.last);
      return;
    }
    const why = await whyNotEmpty(context, range, options);
    if (why === undefined) return;
    // What was written meanwhile also contradicts it, and is listed next time.
    if (why === 'unproven' || attempt === ATTEMPTS) throw unreliable(bucket, NOT_EMPTY[why]);
  }
}

/** Yields the listing from the start of the range on. Tells of the last key, and of one past the range. */
async function* listFromStart(
  { listings }: RangeListing,
  range: KeyRange,
  options: Options,
  end: { last: string | undefined; isPast: boolean },
): AsyncGenerator<readonly ListedObject[]> {
  const startAfter = range.after ?? undefined;
  for await (const page of listings.list(range.bucket, { ...options, startAfter })) {
    const within = page.filter(({ key }) => isWithin(range, key));
    if (within.length > 0) yield within;
    end.last = within.at(-1)?.key ?? end.last;
    const last = page.at(-1)?.key;
    end.isPast = last !== undefined && (last === range.through || isPast(last, range.through));
    if (end.isPast) return;
  }
}

/** Yields what a request behind the last key finds, where the listing has ended before the range does. */
async function* listOn(
  context: RangeListing,
  range: KeyRange,
  options: Options,
  from: string,
): AsyncGenerator<readonly ListedObject[]> {
  let last: string | undefined = from;
  while (last !== undefined && last !== range.through) {
    const page = await pageAfter(context, range.bucket, last, options);
    const within = page.filter(({ key }) => !isPast(key, range.through));
    if (within.length > 0) yield within;
    if (within.length < page.length) return;
    last = within.at(-1)?.key;
  }
}

const NOT_EMPTY = {
  contradicted: 'has no object behind a key, and has some behind an earlier one',
  unproven: 'has no object behind a key, and it takes too many requests to prove it',
} as const;

function unreliable(bucket: string, what: string): ListingUnreliable {
  const nameless = `the listing of ${bucket} from a key on cannot be trusted`;
  return new ListingUnreliable(
    `the listing of ${bucket} ${what}`,
    'the bucket is listed as a whole',
    nameless,
  );
}
