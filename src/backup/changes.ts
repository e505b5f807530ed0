import type { Archive } from '../archive/archive.js';
import type { ChunkReference } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { compareObjects } from '../key-order.js';
import type { ListedInBucket } from './listing.js';

/** What to do so that the next object, or the next many, are in the backup. */
export type Step =
  /** New, or with another content: its bytes are to be read. */
  | ({ kind: 'take' } & ListedInBucket)
  /** The same content as in the parent, but something else may differ: its head is to be read. */
  | ({ kind: 'look'; line: IndexLine } & ListedInBucket)
  /** As it is in the parent, as far as a listing shows. */
  | { kind: 'carry'; line: IndexLine }
  /** All objects of a chunk of the parent's index, and no others between them. */
  | { kind: 'refer'; chunk: ChunkReference; lines: IndexLine[] }
  /** As an earlier run, which never ended, has captured it: to be copied from there. */
  | ({ kind: 'salvage'; line: IndexLine; archive: Archive } & ListedInBucket);

/** A chunk of the parent's index. */
export interface ParentChunk {
  chunk: ChunkReference;
  lines: IndexLine[];
}

/** Of a bucket: the objects of the parent, and how many of them the listing no longer has. */
export interface Deletions {
  before: number;
  deleted: number;
}

export interface ChangeOptions {
  /** Read the head of every object anew. */
  refresh: boolean;
}

/**
 * Compares a listing with the index of the parent; both come in order, and only a chunk and a page
 * are held at a time. `deletions` is filled in, by bucket, while the steps are taken.
 */
export async function* findChanges(
  listing: AsyncIterable<readonly ListedInBucket[]>,
  parent: AsyncIterable<ParentChunk>,
  deletions: Map<string, Deletions>,
  options: ChangeOptions,
): AsyncGenerator<Step[]> {
  const listed = new Cursor(listing);
  for await (const { chunk, lines } of parent) {
    const steps: Step[] = [];
    let identical = true;
    for (const line of lines) {
      while (await listed.isBefore(line)) {
        steps.push(take(listed.next()));
        identical = false;
      }
      const found = listed.is(line) ? listed.next() : undefined;
      countDeletion(deletions, line, found === undefined);
      const step = found === undefined ? undefined : compare(found, line, options);
      if (step !== undefined) steps.push(step);
      if (step?.kind !== 'carry') identical = false;
    }
    yield identical && lines.length > 0 ? [{ kind: 'refer', chunk, lines }] : steps;
  }
  while (!(await listed.ended())) yield listed.page().map(take);
}

/** ETag and size tell the content; a changed time alone tells that something else may have changed. */
function compare(listed: ListedInBucket, line: IndexLine, { refresh }: ChangeOptions): Step {
  const { object } = listed;
  if (object.etag !== line.etag || object.sizeBytes !== line.size || object.etag === '') {
    return take(listed);
  }
  const sameTime = Date.parse(object.lastModified) === Date.parse(line.last_modified);
  return sameTime && !refresh ? { kind: 'carry', line } : { kind: 'look', line, ...listed };
}

function take(listed: ListedInBucket): Step {
  return { kind: 'take', ...listed };
}

function countDeletion(
  deletions: Map<string, Deletions>,
  { bucket }: IndexLine,
  deleted: boolean,
): void {
  const counts = deletions.get(bucket) ?? { before: 0, deleted: 0 };
  counts.before += 1;
  if (deleted) counts.deleted += 1;
  deletions.set(bucket, counts);
}

/** One object after the other out of a listing that comes in pages. */
class Cursor {
  readonly #pages: AsyncIterator<readonly ListedInBucket[]>;
  #page: readonly ListedInBucket[] = [];
  #position = 0;
  #ended = false;

  constructor(listing: AsyncIterable<readonly ListedInBucket[]>) {
    this.#pages = listing[Symbol.asyncIterator]();
  }

  async ended(): Promise<boolean> {
    await this.#fill();
    return this.#ended;
  }

  async isBefore(line: IndexLine): Promise<boolean> {
    await this.#fill();
    return this.#compare(line) < 0;
  }

  is(line: IndexLine): boolean {
    return this.#compare(line) === 0;
  }

  next(): ListedInBucket {
    const listed = this.#page[this.#position++];
    if (listed === undefined) throw new RangeError('the listing has no more objects at hand');
    return listed;
  }

  /** What is left of the page. */
  page(): readonly ListedInBucket[] {
    const rest = this.#page.slice(this.#position);
    this.#position = this.#page.length;
    return rest;
  }

  /** Makes sure that an object is at hand, unless there are no more. */
  async #fill(): Promise<void> {
    while (!this.#ended && this.#position >= this.#page.length) {
      const next = await this.#pages.next();
      this.#ended = next.done === true;
      this.#page = next.done === true ? [] : next.value;
      this.#position = 0;
    }
  }

  #compare(line: IndexLine): number {
    const listed = this.#page[this.#position];
    if (listed === undefined) return 1;
    return compareObjects({ bucket: listed.bucket, key: listed.object.key }, line);
  }
}
