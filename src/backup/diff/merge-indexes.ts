import type { ChunkLines } from '../../archive/chunk-lines.js';
import type { IndexLine } from '../../archive/index-line.js';
import { compareObjects } from '../../key-order.js';

/** An object in two backups, of which one may lack it. */
export interface LinePair {
  before: IndexLine | undefined;
  after: IndexLine | undefined;
}

const PAGE_PAIRS = 500;

/**
 * Merges two indexes by bucket and key, and yields the objects that may differ. Pairs of lines that
 * are equal byte for byte, except for where the bytes lie, are passed over. One chunk of each is held.
 */
export async function* mergeIndexes(
  earlier: AsyncIterable<ChunkLines>,
  later: AsyncIterable<ChunkLines>,
): AsyncGenerator<LinePair[]> {
  const [one, other] = [new Side(earlier), new Side(later)];
  try {
    let pairs: LinePair[] = [];
    for (;;) {
      const before = one.lines ?? (await one.fill());
      const after = other.lines ?? (await other.fill());
      if (before === undefined && after === undefined) break;
      pairs.push(...pairsUpTo(before, after, PAGE_PAIRS - pairs.length));
      if (pairs.length < PAGE_PAIRS) continue;
      yield pairs;
      pairs = [];
    }
    yield pairs;
  } finally {
    await one.close();
    await other.close();
  }
}

/** Goes on until one of the chunks ends, or so many pairs are found. */
function pairsUpTo(
  before: ChunkLines | undefined,
  after: ChunkLines | undefined,
  most: number,
): LinePair[] {
  const pairs: LinePair[] = [];
  while (pairs.length < most && before?.ended !== true && after?.ended !== true) {
    if (before !== undefined && after !== undefined && before.hasSameRecord(after)) {
      before.next();
      after.next();
      continue;
    }
    const order = orderOf(before, after);
    pairs.push({
      before: order <= 0 ? before?.line : undefined,
      after: order >= 0 ? after?.line : undefined,
    });
    if (order <= 0) before?.next();
    if (order >= 0) after?.next();
  }
  return pairs;
}

function orderOf(before: ChunkLines | undefined, after: ChunkLines | undefined): number {
  if (before === undefined) return 1;
  if (after === undefined) return -1;
  return compareObjects(before.line, after.line);
}

/** The chunk at hand of one of the indexes. */
class Side {
  readonly #chunks: AsyncIterator<ChunkLines>;
  #lines: ChunkLines | undefined;
  #isOver = false;

  constructor(chunks: AsyncIterable<ChunkLines>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** `undefined` if the next chunk has to be read. */
  get lines(): ChunkLines | undefined {
    return this.#lines?.ended === false ? this.#lines : undefined;
  }

  /** Resolves to `undefined` behind the last chunk. */
  async fill(): Promise<ChunkLines | undefined> {
    this.#lines = undefined;
    if (this.#isOver) return undefined;
    const next = await this.#chunks.next();
    this.#isOver = next.done === true;
    this.#lines = next.done === true ? undefined : next.value;
    return this.#lines;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
