/** A part of a listing. */
interface Page<T> {
  objects: T[];
  /** Of the page after this one; `null` on the last. */
  nextToken: string | null;
}

/**
 * The pages of a listing, each asked for while the caller still works on the one before: the server
 * then works in parallel with the caller.
 *
 * `fetchPage` gets the token of the page, none for the first. Throws what `stuck` makes when the
 * server hands out a token again: that listing would never end.
 */
export async function* eachPage<T>(
  fetchPage: (token: string | undefined) => Promise<Page<T>>,
  stuck: (token: string) => Error,
): AsyncGenerator<T[]> {
  let page = await fetchPage(undefined);
  // Brent: a mark that moves on after 1, 2, 4, ... pages meets every cycle of tokens, however long.
  let mark: string | undefined;
  for (let sinceMark = 0, patience = 1; page.nextToken !== null; sinceMark += 1) {
    const { nextToken } = page;
    if (nextToken === mark) throw stuck(nextToken);
    if (sinceMark === patience) [mark, sinceMark, patience] = [nextToken, 0, patience * 2];
    mark ??= nextToken;
    const next = fetchPage(nextToken);
    // Its failure is thrown when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    if (page.objects.length > 0) yield page.objects;
    page = await next;
  }
  if (page.objects.length > 0) yield page.objects;
}
