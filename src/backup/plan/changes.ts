import type { ChunkReference } from '../../archive/directory.js';
import type { IndexLine } from '../../archive/index-line.js';
import { compareObjects } from '../../key-order.js';
import type { ReadableArchive } from '../../repository/leftover.js';
import type { ListedInBucket } from './listing.js';

/** A step of a backup, for one object or for a whole chunk of them. */
export type Step =
  /** Read the object. `before` is its line in the earlier backup, in case the read fails. */
  | ({ kind: 'take'; before?: IndexLine } & ListedInBucket)
  /** The content is unchanged, but attributes may differ: send a HEAD request. */
  | ({ kind: 'verify'; line: IndexLine } & ListedInBucket)
  /** The object is unchanged, as far as the listing shows. */
  | { kind: 'carry'; line: IndexLine }
  /** All objects of a chunk of the parent's index are unchanged, with no others between them. */
  | { kind: 'refer'; chunk: ChunkReference; lines: IndexLine[] }
  /** The earlier backup has the object and the listing lacks it: it is gone, or was omitted. */
  | { kind: 'missing'; line: IndexLine }
  /** The earlier backup has the object, and the listing of its bucket failed before it. */
  | { kind: 'keep'; line: IndexLine }
  /** An interrupted run has captured the object: copy it from there. */
  | ({
      kind: 'salvage';
      line: IndexLine;
      archive: ReadableArchive;
      before?: IndexLine;
    } & ListedInBucket);

export interface ParentChunk {
  chunk: ChunkReference;
  /** The lines of the chunk, or those of them that lie in the range of a shard. */
  lines: IndexLine[];
  /** Some lines of the chunk are left out. */
  isCut?: boolean;
}

export interface ChangeOptions {
  /** `full` reads every listed object; `incremental` refers to the parent for unchanged ones. */
  type: 'full' | 'incremental';
  /** Send a HEAD request for every unchanged object. */
  refresh: boolean;
  /**
   * Returns what the parent lacks of an object: its bytes, if they are an older copy, or other
   * parts. Such an object is read again even if it seems unchanged.
   */
  lacked: (line: IndexLine) => 'bytes' | 'parts' | undefined;
  hasFailed: (bucket: string) => boolean;
}

/**
 * Compares a listing with the index of an earlier backup. Both come in order, and only one page and
 * one chunk are held at a time.
 */
export async function* findChanges(
  listing: AsyncIterable<readonly ListedInBucket[]>,
  earlier: AsyncIterable<ParentChunk>,
  options: ChangeOptions,
): AsyncGenerator<Step[]> {
  const listed = new Cursor(listing);
  for await (const { chunk, lines, isCut } of earlier) {
    const steps: Step[] = [];
    let identical = isCut !== true;
    for (const line of lines) {
      while (await listed.isBefore(line)) {
        steps.push(take(listed.next()));
        identical = false;
      }
      const step = listed.is(line) ? compare(listed.next(), line, options) : lacking(line, options);
      steps.push(step);
      if (step.kind !== 'carry') identical = false;
    }
    yield identical && lines.length > 0 ? [{ kind: 'refer', chunk, lines }] : steps;
  }
  while (!(await listed.ended())) yield listed.page().map((object) => take(object));
}

const CONTENT_ETAG = /^[0-9a-f]{32}(?:-\d+)?$/i;

/** Whether an ETag is derived from the content: an MD5, or the ETag of a multipart upload. */
export function isContentEtag(etag: string): boolean {
  return CONTENT_ETAG.test(etag);
}

/** ETag and size identify the content. If only the time differs, attributes may have changed. */
function compare(listed: ListedInBucket, line: IndexLine, options: ChangeOptions): Step {
  const { object } = listed;
  const isSame = object.etag === line.etag && object.sizeBytes === line.size && object.etag !== '';
  if (options.type === 'full' || !isSame) return take(listed, line);
  const lacked = options.lacked(line);
  if (lacked === 'bytes') return take(listed, line);
  const sameTime =
    object.lastModified === line.last_modified ||
    Date.parse(object.lastModified) === Date.parse(line.last_modified);
  // Other ETags may stay the same when the content changes.
  if (!sameTime && !isContentEtag(object.etag)) return take(listed, line);
  const isKnown = sameTime && !options.refresh && lacked === undefined;
  return isKnown ? { kind: 'carry', line } : { kind: 'verify', line, ...listed };
}

/**
 * Returns the step for a line that is not listed. Call it when the cursor is past the line: only
 * then is it known whether the listing got that far.
 */
function lacking(line: IndexLine, { hasFailed }: ChangeOptions): Step {
  return { kind: hasFailed(line.bucket) ? 'keep' : 'missing', line };
}

function take(listed: ListedInBucket, before?: IndexLine): Step {
  return { kind: 'take', ...listed, ...(before === undefined ? {} : { before }) };
}

/** Reads a listing that comes in pages, one object at a time. */
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

  /** Returns the rest of the current page. */
  page(): readonly ListedInBucket[] {
    const rest = this.#page.slice(this.#position);
    this.#position = this.#page.length;
    return rest;
  }

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
