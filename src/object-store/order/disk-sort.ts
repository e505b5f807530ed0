import { SpillFile } from '../../files/spill.js';

/** The number of items that are sorted in memory; the rest goes to a temporary file. */
const RUN_ITEMS = 200_000;
const PAGE_ITEMS = 1000;

/**
 * Sorts items that may not fit into memory: sorts runs of them into an encrypted temporary file, then
 * merges the runs. Duplicates are dropped. Items must survive JSON.
 */
export async function* sortOnDisk<T>(
  pages: AsyncIterable<readonly T[]>,
  compare: (a: T, b: T) => number,
  signal?: AbortSignal,
  runItems = RUN_ITEMS,
): AsyncGenerator<T[]> {
  let file: SpillFile | undefined;
  const runs: AsyncGenerator<T>[] = [];
  try {
    let pending: T[] = [];
    const endRun = async (): Promise<void> => {
      pending.sort(compare);
      file ??= await SpillFile.open();
      const run = await file.append(linesOf(pending));
      runs.push(parsed(file.lines(run)));
      pending = [];
    };
    for await (const page of pages) {
      signal?.throwIfAborted();
      pending.push(...page);
      if (pending.length >= runItems) await endRun();
    }
    pending.sort(compare);
    runs.push(inMemory(pending));
    yield* inPages(distinct(mergeRuns(runs, compare), compare));
  } finally {
    for (const run of runs) await run.return(undefined);
    await file?.close();
  }
}

function* linesOf(items: readonly unknown[]): Generator<string> {
  for (const item of items) yield JSON.stringify(item);
}

async function* parsed<T>(lines: AsyncIterable<string>): AsyncGenerator<T> {
  for await (const line of lines) yield JSON.parse(line) as T;
}

async function* inMemory<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

async function* mergeRuns<T>(
  runs: readonly AsyncGenerator<T>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T> {
  const heads: { item: T; run: AsyncGenerator<T> }[] = [];
  const advance = async (run: AsyncGenerator<T>): Promise<void> => {
    const next = await run.next();
    if (next.done !== true) heads.push({ item: next.value, run });
  };
  for (const run of runs) await advance(run);
  while (heads.length > 0) {
    const least = heads.reduce((a, b) => (compare(b.item, a.item) < 0 ? b : a));
    yield least.item;
    heads.splice(heads.indexOf(least), 1);
    await advance(least.run);
  }
}

async function* distinct<T>(
  items: AsyncIterable<T>,
  compare: (a: T, b: T) => number,
): AsyncGenerator<T> {
  let last: { item: T } | undefined;
  for await (const item of items) {
    if (last === undefined || compare(last.item, item) !== 0) yield item;
    last = { item };
  }
}

async function* inPages<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < PAGE_ITEMS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
