import { compareKeys } from '../../key-order.js';
import type { ListOptions, ListedObject, ObjectStore } from '../port.js';
import type { OrderedListings } from './ordered-listings.js';

/** What a listing does that it should not. */
export type ListingDoubt =
  /** The request behind the last key found older objects: the listing goes on with them. */
  | 'ended_early'
  /** The server ignores start-after, so it is unknown whether the listing is complete. */
  | 'start_after_ignored'
  /** The server includes the key of start-after. Nothing is missing for that reason. */
  | 'start_after_included';

export interface ListingToTheEnd {
  store: Pick<ObjectStore, 'listPage'>;
  listings: Pick<OrderedListings, 'list' | 'inOrder'>;
  /** The time at which the run began. If the listing lacks a newer object, that does not make it wrong. */
  startedAt: Date;
  onDoubt: (doubt: ListingDoubt) => void;
}

/**
 * Yields the listing of a bucket in key order, and any objects that a further request finds after its
 * last key: some servers end a listing too early. A listing is complete where that request finds
 * nothing. Rejects with `ListingUnreliable` if the work must start over.
 */
export async function* listToTheEnd(
  context: ListingToTheEnd,
  bucket: string,
  options: Pick<ListOptions, 'prefix' | 'signal'>,
): AsyncGenerator<readonly ListedObject[]> {
  let last: string | undefined;
  for await (const page of context.listings.list(bucket, options)) {
    yield page;
    last = page.at(-1)?.key ?? last;
  }
  while (last !== undefined) {
    const page = await pageAfter(context, bucket, last, options);
    if (page.length === 0) return;
    yield page;
    last = page.at(-1)?.key;
  }
}

/** Resolves to the objects after the key; empty if there are none, or the server cannot tell. */
export async function pageAfter(
  { store, listings, startedAt, onDoubt }: ListingToTheEnd,
  bucket: string,
  last: string,
  options: Pick<ListOptions, 'prefix' | 'signal'>,
): Promise<readonly ListedObject[]> {
  const asked = { ...options, startAfter: last };
  const { objects, nextToken } = await store.listPage(bucket, asked);
  // A server that includes the key, or ignores the parameter, returns known objects.
  const after = objects.filter(isBehind);
  if (after.length > 0) return judged(listings.inOrder(bucket, after));
  const [first, second] = objects;
  if (second === undefined && nextToken !== null) {
    // Servers return empty pages for deleted objects. Only the last page says that nothing follows.
    for await (const page of listings.list(bucket, asked)) {
      const further = page.filter(isBehind);
      if (further.length > 0) return judged(further);
    }
  }
  if (first?.key === last && second === undefined) onDoubt('start_after_included');
  else if (first !== undefined) onDoubt('start_after_ignored');
  return [];

  function isBehind({ key }: ListedObject): boolean {
    return compareKeys(key, last) > 0;
  }

  function judged(page: readonly ListedObject[]): readonly ListedObject[] {
    const isNews = page.every(({ lastModified }) => Date.parse(lastModified) >= +startedAt);
    if (!isNews) onDoubt('ended_early');
    return page;
  }
}
