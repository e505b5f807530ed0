/** The number of items in one request to Redis. */
const PAGE = 1000;

/** Yields the items, up to 1,000 at a time. */
export function* pagesOf<T>(items: Iterable<T>): Generator<T[]> {
  let page: T[] = [];
  for (const item of items) {
    page.push(item);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
