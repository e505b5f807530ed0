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

/** `contradicted`: there are objects in the range. `unproven`: it takes too many requests to tell. */
export type NotEmpty = 'contradicted' | 'unproven';

/**
 * Checks whether a range for which the server listed nothing can really be empty. That is so where a listing from
 * an earlier key ends before the range, or where the bucket is empty. Resolves to `undefined` if it can.
 */
export async function whyNotEmpty(
  context: ListingToTheEnd,
  { bucket, after, through }: KeyRange,
  options: Options,
): Promise<NotEmpty | undefined> {
  if (after !== null) return await new EndCheck(context, bucket, after, options).run();
  if (through === null) return undefined;
  // Then it has nothing at all.
  for await (const page of context.listings.list(bucket, { ...options, startAfter: through })) {
    if (page.length > 0) return 'contradicted';
  }
  return undefined;
}

interface Step {
  page: ListPage;
  /** The position of the character by which it went on. */
  at: number;
  /** By how many characters to go on from there. */
  step: number;
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

  async run(): Promise<NotEmpty | undefined> {
    const points = pointsOf(this.#after);
    // Ever farther before the range, until there is an object.
    for (let dropped = 1; ; dropped *= 2) {
      const place = points.slice(0, -dropped);
      const page = await this.#pageBehind(textOf(place));
      if (page === undefined) return 'unproven';
      const last = page.objects.at(-1)?.key;
      if (last !== undefined) return await this.#lookFrom(page, last, place.length);
      // An empty bucket has no key anywhere.
      if (place.length === 0) return isLast(page) ? undefined : 'unproven';
    }
  }

  /**
   * Goes on from a page towards the range by ever larger steps, until a page is the last of its listing. All
   * keys between them share the first `position` characters.
   */
  async #lookFrom(first: ListPage, last: string, position: number): Promise<NotEmpty | undefined> {
    let low = last;
    let { page, at, step }: Step = { page: first, at: position, step: 1 };
    for (;;) {
      if (page.objects.some(({ key }) => compareKeys(key, this.#after) > 0)) return 'contradicted';
      if (isLast(page)) {
        this.#requests += 1;
        if (this.#requests > MOST_REQUESTS) return 'unproven';
        const objects = await pageAfter(this.#context, this.#bucket, low, this.#options);
        if (objects.length === 0) return undefined;
        // It was not the last page after all.
        page = { objects: [...objects], nextToken: null };
      } else {
        const next = await this.#nextPage({ low, token: page.nextToken }, at, step);
        if (next === undefined) return 'unproven';
        ({ page, at, step } = next);
      }
      low = page.objects.at(-1)?.key ?? low;
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
  ): Promise<Step | undefined> {
    const points = pointsOf(low);
    for (let step = firstStep; step >= 1; step = Math.floor(step / 2)) {
      const page = await this.#pageAt(points, position, step);
      if (page === undefined) return undefined;
      if (page !== 'none') return { page, at: position, step: step * 2 };
    }
    // What follows begins with more of the last key: the later the character that is changed, the more does.
    let found: Step | undefined;
    let [from, to] = [position + 1, points.length];
    while (from < to) {
      const at = (from + to) >>> 1;
      const page = await this.#pageAt(points, at, 1);
      if (page === undefined) return undefined;
      if (page === 'none') {
        from = at + 1;
      } else {
        found = { page, at, step: 2 };
        to = at;
      }
    }
    if (found !== undefined) return found;
    const page = await this.#pageBehind(low, token ?? undefined);
    return page && { page, at: points.length, step: 1 };
  }

  /** Resolves to the page behind a place before the range; `undefined`: too many requests. */
  async #pageAt(
    points: readonly number[],
    at: number,
    step: number,
  ): Promise<ListPage | 'none' | undefined> {
    const place = placeBehind(points, at, step);
    if (place === undefined || compareKeys(place, this.#after) >= 0) return 'none';
    const page = await this.#pageBehind(place);
    return page?.objects.length === 0 ? 'none' : page;
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
      if (objects.length > 0 || page.nextToken === null) return { ...page, objects };
      token = page.nextToken;
    }
    return undefined;
  }
}

function isLast({ nextToken, continueAfter }: ListPage): boolean {
  return nextToken === null && continueAfter === undefined;
}

/** Returns the start of what begins with another character, so many further; `undefined` if there is none. */
function placeBehind(points: readonly number[], at: number, step: number): string | undefined {
  const point = points[at];
  if (point === undefined) return undefined;
  const next = pointAfter(point + step - 1);
  const isText = next < BEHIND_ALL && !(next >= 0xd800 && next <= 0xdfff);
  return isText ? textOf([...points.slice(0, at), next]) : undefined;
}
