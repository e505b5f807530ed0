import type { ContinueAfter } from '../../port.js';
import { compareKeys } from '../../../key-order.js';

/** One page of a listing of objects or uploads. */
interface Page<T> {
  objects: T[];
  nextToken: string | null;
  continueAfter?: ContinueAfter | undefined;
}

/** Where a page starts: at a token, after a key, or at the start of the listing. */
export interface PageStart {
  token?: string | undefined;
  startAfter?: string | undefined;
}

/** The maximum number of empty pages in a row: servers return them for deleted objects. */
const MAX_PAGES_WITHOUT_PROGRESS = 10_000;
/** The maximum number of empty pages in a row that may repeat a token. */
const MAX_EMPTY_PAGES_IN_PLACE = 3;

/**
 * Yields the pages of a listing. It requests the next page while the caller works on the current
 * one. Empty pages are skipped, and so are keys up to `startAfter`, which some servers include.
 *
 * Throws the error that `stuck` returns if the server repeats a token, or returns the same keys
 * again after a key: such a listing would never end, or end too early.
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
      // A failure is thrown when its turn comes; until then it must not count as unhandled.
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
  // Some servers include the key itself. More than that means that the server ignores start-after.
  if (isCertain || objects.length > 1) throw stuck(key);
  return undefined;
}

/** Drops objects up to and including the key. */
function unseen<T extends { key: string }>(objects: T[], behind: string | undefined): T[] {
  if (behind === undefined) return objects;
  return objects.filter(({ key }) => compareKeys(key, behind) > 0);
}

/**
 * Finds cycles of tokens of any length: the mark moves after 1, 2, 4, … pages (Brent's algorithm).
 */
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
    // A busy server returns an empty page with the token of the request.
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
