import { MangamotionError } from '../errors.js';
import type { ListedObject, ObjectStore } from '../object-store/port.js';
import { type FoundKeys, type GuessedGap, KeyMap } from './key-map.js';
import { type KeyRange, isBehind, isPast } from './key-range.js';

/** Empty pages that are followed: servers return them for deleted objects. */
const MOST_EMPTY_PAGES = 20;
/** A bucket of few pages, too, takes some requests for places that turn out to be empty. */
const FREE_REQUESTS = 16;
/** All gaps are estimated anew each time that the number of requests has grown so. */
const REVIEW_AFTER = 1.3;
/** The number of requests at once. */
const AT_ONCE = 4;

/**
 * Finds out roughly how the keys of a range are distributed, without listing them: it lists single pages
 * at places that it guesses by the keys it has seen, and estimates from the density of the pages what
 * lies between them. Guesses are prefixes of likely keys, so that every branch of the keys is found
 * before it is looked into. It keeps a few keys of each page.
 */
export class KeySurvey {
  readonly #store: Pick<ObjectStore, 'listPage'>;
  readonly #range: KeyRange;
  readonly #signal: AbortSignal;
  /** The sum of all pages that were listed, of which only some keys are kept. */
  readonly #listed = { objects: 0, bytes: 0 };
  /** What has been found. */
  readonly map = new KeyMap();
  requests = 0;

  constructor(store: Pick<ObjectStore, 'listPage'>, range: KeyRange, signal: AbortSignal) {
    this.#store = store;
    this.#range = range;
    this.#signal = signal;
  }

  /** Lists the first pages. Resolves to false if they are all there is. */
  async begin(pages: number): Promise<boolean> {
    let after = this.#range.after;
    for (let page = 0; page < pages; page++) {
      const { keys, isEnd } = await this.#pageBehind(after, this.#range.through);
      if (keys.length > 0) this.map.append(keys);
      if (isEnd) return false;
      after = keys.at(-1) ?? after;
    }
    if (after === null) return false;
    this.map.leaveOpen(after, this.#range.through);
    return true;
  }

  /** Looks into the largest gaps until none can hold more than this part of all, or it has asked enough. */
  async refine(part: number, mostRequests: number): Promise<void> {
    let review = this.requests;
    while (this.requests < Math.min(mostRequests, this.#worthwhile)) {
      this.#signal.throwIfAborted();
      const isDue = this.requests >= review;
      if (isDue) this.map.estimateAll();
      const most = Math.min(AT_ONCE, mostRequests - this.requests);
      const chosen = this.map.gapsAbove(part).slice(0, most);
      if (chosen.length === 0 && isDue) return;
      if (isDue || chosen.length === 0)
        review = this.requests * (chosen.length === 0 ? 1 : REVIEW_AFTER);
      await Promise.all(chosen.map((one) => this.#lookInto(one)));
    }
    this.map.estimateAll();
  }

  /** The number of requests after which listing all keys would have been cheaper, by and large. */
  get #worthwhile(): number {
    return FREE_REQUESTS + (2 * this.map.total) / Math.max(1, this.map.largestRun);
  }

  /** The mean size of the objects that were listed, in bytes; 0 if there are none. */
  get meanBytes(): number {
    return this.#listed.bytes / Math.max(1, this.#listed.objects);
  }

  async #lookInto(gap: GuessedGap): Promise<void> {
    this.map.fill(gap, await this.#pageBehind(gap.guess, gap.through));
  }

  /** Resolves to the keys of the page behind a key, and whether there are no more up to the end. */
  async #pageBehind(after: string | null, through: string | null): Promise<FoundKeys> {
    const { bucket } = this.#range;
    let token: string | undefined;
    for (let empty = 0; empty < MOST_EMPTY_PAGES; empty++) {
      this.requests += 1;
      const options = { startAfter: after ?? undefined, token, signal: this.#signal };
      const page = await this.#store.listPage(bucket, options);
      this.#count(page.objects);
      const behind = keysOf(page.objects).filter((key) => isBehind(key, after));
      const isOrdered = behind.every((key, i) => isBehind(key, behind[i - 1] ?? null));
      if (!isOrdered) throw untrusted(bucket, 'out of order');
      const keys = behind.filter((key) => !isPast(key, through));
      const isEnd =
        keys.length < behind.length ||
        (page.nextToken === null && page.continueAfter === undefined);
      if (isEnd || keys.length > 0) return { keys, isEnd };
      if (page.objects.length > 0 || page.nextToken === null)
        throw untrusted(bucket, 'from the start instead');
      token = page.nextToken;
    }
    throw untrusted(bucket, 'as empty pages');
  }

  #count(objects: readonly ListedObject[]): void {
    this.#listed.objects += objects.length;
    this.#listed.bytes += objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }
}

function keysOf(objects: readonly ListedObject[]): string[] {
  return objects.map(({ key }) => key);
}

function untrusted(bucket: string, how: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the server lists ${bucket} from a key on ${how}: the bucket cannot be cut into ranges`,
  );
}
