import type { ContinueAfter } from '../../port.js';
import { compareKeys } from '../../../key-order.js';

/** A part of a listing. */
interface Page<T> {
  objects: T[];
  /** The token of the next page; `null` where there is none, or where it is unknown. */
  nextToken: string | null;
  /** See `ListPage`. */
  continueAfter?: ContinueAfter | undefined;
}

/** The start of a page: at a token, after a key, or at the start of the listing (both absent). */
export interface PageStart {
  token?: string | undefined;
  startAfter?: string | undefined;
}

/** So many pages may follow one another that bring nothing: servers skip what was deleted. */
const MAX_PAGES_WITHOUT_PROGRESS = 10_000;
/** So many of them may hand out a token that was there before. */
const MAX_EMPTY_PAGES_IN_PLACE = 3;

/**
 * The pages of a listing, each requested while the caller still works on the one before: the server
 * then works in parallel with the caller. Empty pages are walked over. Keys up to `startAfter` are
 * left out, as some servers include it, or ignore it.
 *
 * Throws what `stuck` makes where the server hands out a token again, or goes on behind a key with
 * what was listed before: that listing would never end, or end too early.
 */
export async function* eachPage<T extends { key: string }>(
  fetchPage: (start: PageStart) => Promise<Page<T>>,
  stuck: (place: string) => Error,
  startAfter?: string,
): AsyncGenerator<T[]> {
  const circle = new CircleDetector(stuck);
  let behind = startAfter;
  let start: PageStart | undefined = startAfter === undefined ? {} : { startAfter };
  let fetching: Promise<Page<T>> | undefined;
  while (start !== undefined) {
    const page: Page<T> = await (fetching ?? fetchPage(start));
    const objects = unseen(page.objects, behind);
    circle.pass(page.nextToken, objects.length);
    start = startOfNext(page, objects.length, stuck);
    behind = start?.startAfter ?? behind;
    if (start !== undefined) {
      fetching = fetchPage(start);
      // Its failure is thrown when its turn comes; until then it must not count as unhandled.
      fetching.catch(() => undefined);
    }
    if (objects.length > 0) yield objects;
  }
}

function startOfNext<T>(
  { objects, nextToken, continueAfter }: Page<T>,
  unseenObjects: number,
  stuck: (place: string) => Error,
): PageStart | undefined {
  if (nextToken !== null) return { token: nextToken };
  if (continueAfter === undefined) return undefined;
  const { key, isCertain } = continueAfter;
  if (unseenObjects > 0) return { startAfter: key };
  // The key itself is included by some; more than that is a server that cannot go on behind a key.
  if (isCertain || objects.length > 1) throw stuck(key);
  return undefined;
}

/** Leaves out objects that do not follow the key. */
function unseen<T extends { key: string }>(objects: T[], behind: string | undefined): T[] {
  if (behind === undefined) return objects;
  return objects.filter(({ key }) => compareKeys(key, behind) > 0);
}

/** Brent: a mark that moves on after 1, 2, 4, ... pages meets every cycle of tokens, however long. */
class CircleDetector {
  readonly #stuck: (place: string) => Error;
  #mark: string | undefined;
  #sinceMark = 0;
  #markEvery = 1;
  #withoutProgress = 0;

  constructor(stuck: (place: string) => Error) {
    this.#stuck = stuck;
  }

  pass(nextToken: string | null, objects: number): void {
    if (nextToken === null) return;
    this.#withoutProgress = objects > 0 ? 0 : this.#withoutProgress + 1;
    // A server that is busy answers with an empty page, whose token is the one it was requested with.
    const isBusy = objects === 0 && this.#withoutProgress <= MAX_EMPTY_PAGES_IN_PLACE;
    const isCircle = nextToken === this.#mark && !isBusy;
    if (isCircle || this.#withoutProgress > MAX_PAGES_WITHOUT_PROGRESS) {
      throw this.#stuck(nextToken);
    }
    if (this.#sinceMark === this.#markEvery) {
      [this.#mark, this.#sinceMark, this.#markEvery] = [nextToken, 0, this.#markEvery * 2];
    }
    this.#mark ??= nextToken;
    this.#sinceMark += 1;
  }
}
