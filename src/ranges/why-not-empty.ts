import { compareKeys } from '../key-order.js';
import { type ListingToTheEnd, pageAfter } from '../object-store/order/listing-to-the-end.js';
import type { ListOptions, ListPage } from '../object-store/port.js';
import { BEHIND_ALL, pointAfter, pointsOf, textOf } from './key-points.js';
import type { KeyRange } from './key-range.js';

/** The requests of one check. Where they do not suffice, the bucket is listed as a whole. */
const MOST_REQUESTS = 200;
/** Empty pages that are followed: servers return them for deleted objects. */
const MOST_EMPTY_PAGES = 20;

type Options = Pick<ListOptions, 'prefix' | 'signal'>;

/**
 * Looks whether a range of which the server has listed nothing can be empty. That is so where a listing from an
 * earlier key ends before the range, or where the bucket is empty. Resolves to what contradicts it;
 * `undefined` if nothing does.
 */
export async function whyNotEmpty(
  context: ListingToTheEnd,
  { bucket, after, through }: KeyRange,
  options: Options,
): Promise<string | undefined> {
  if (after !== null) return await new EndCheck(context, bucket, after, options).run();
  if (through === null) return undefined;
  const { objects } = await context.store.listPage(bucket, { ...options, startAfter: through });
  return objects.length === 0 ? undefined : 'has no object at all, and has some behind a key';
}

/** Looks for the last key before the start of a range, to see whether the listing ends there. */
class EndCheck {
  readonly #context: ListingToTheEnd;
  readonly #bucket: string;
  readonly #after: string;
  readonly #options: Options;
  #requests = 0;

  constructor(context: ListingToTheEnd, bucket: string, after: string, options: Options) {
    this.#context = context;
    this.#bucket = bucket;
    this.#after = after;
    this.#options = options;
  }

  async run(): Promise<string | undefined> {
    const points = pointsOf(this.#after);
    // Ever farther before the range, until there is an object.
    for (let dropped = 1; ; dropped *= 2) {
      const place = points.slice(0, -dropped);
      const page = await this.#pageBehind(textOf(place));
      if (page === undefined) return TOO_MANY;
      const last = page.objects.at(-1)?.key;
      if (last !== undefined) return await this.#lookFrom(page, last, place.length);
      // An empty bucket has no key anywhere.
      if (place.length === 0) return undefined;
    }
  }

  /**
   * Goes on from a page towards the range by ever larger steps, until a page is the last of its listing. All
   * keys between them share the first `position` characters.
   */
  async #lookFrom(page: ListPage, last: string, position: number): Promise<string | undefined> {
    let at = position;
    let step = 1;
    let found = page;
    let low = last;
    for (;;) {
      if (found.objects.some(({ key }) => this.#isInRange(key))) return CONTRADICTION;
      if (isLast(found)) {
        const further = await pageAfter(this.#context, this.#bucket, low, this.#options);
        return further.some(({ key }) => this.#isInRange(key)) ? CONTRADICTION : undefined;
      }
      const next = await this.#nextPage({ low, token: found.nextToken }, at, step);
      if (next === undefined) return TOO_MANY;
      ({ at, step } = next);
      found = next.page;
      low = next.page.objects.at(-1)?.key ?? low;
    }
  }

  /**
   * Resolves to the next page with objects, or to an empty one that says that there are none; `undefined` if that
   * takes too many requests.
   */
  async #nextPage(
    { low, token }: { low: string; token: string | null },
    position: number,
    firstStep: number,
  ): Promise<{ page: ListPage; at: number; step: number } | undefined> {
    const points = pointsOf(low);
    let at = position;
    let step = firstStep;
    while (at < points.length) {
      const place = placeBehind(points, at, step);
      const isBefore = place !== undefined && compareKeys(place, this.#after) < 0;
      const page = isBefore ? await this.#pageBehind(place) : undefined;
      if (isBefore && page === undefined) return undefined;
      if (page !== undefined && page.objects.length > 0) return { page, at, step: step * 2 };
      // What follows begins with one character more of the last key.
      if (step === 1) at += 1;
      step = Math.max(1, Math.floor(step / 2));
    }
    const page = await this.#pageBehind(low, token ?? undefined);
    return page && { page, at, step: 1 };
  }

  /**
   * Resolves to the first page with objects behind a place, or to the last; `undefined`: too many requests.
   * `from`: the token by which the listing up to the place goes on.
   */
  async #pageBehind(place: string, from?: string): Promise<ListPage | undefined> {
    let token = from;
    for (let empty = 0; empty < MOST_EMPTY_PAGES; empty++) {
      this.#requests += 1;
      if (this.#requests > MOST_REQUESTS) return undefined;
      const page = await this.#context.store.listPage(this.#bucket, {
        ...this.#options,
        startAfter: place === '' ? undefined : place,
        token,
      });
      const objects = page.objects.filter(({ key }) => compareKeys(key, place) > 0);
      if (objects.length > 0) return { ...page, objects };
      if (page.nextToken === null) return { ...page, objects };
      token = page.nextToken;
    }
    return undefined;
  }

  #isInRange(key: string): boolean {
    return compareKeys(key, this.#after) > 0;
  }
}

const CONTRADICTION = 'has no object behind a key, and has some behind an earlier one';
const TOO_MANY = 'has no object behind a key, and it takes too many requests to prove it';

function isLast({ nextToken, continueAfter }: ListPage): boolean {
  return nextToken === null && continueAfter === undefined;
}

/** Returns the start of what begins with another character, so many further; `undefined` if there is none. */
function placeBehind(points: readonly number[], at: number, step: number): string | undefined {
  const next = pointAfter((points[at] ?? 0) + step - 1);
  const isText = next < BEHIND_ALL && !(next >= 0xd800 && next <= 0xdfff);
  return isText ? textOf([...points.slice(0, at), next]) : undefined;
}
