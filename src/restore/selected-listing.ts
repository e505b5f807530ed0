import { setTimeout as sleep } from 'node:timers/promises';
import { rangesOf } from '../archive/select.js';
import { compareKeys } from '../key-order.js';
import { ListingUnreliable, type OrderedListings } from '../object-store/order/ordered-listings.js';
import type { ListedObject, ObjectStore } from '../object-store/port.js';
import { type KeyRange, isBehind, isPast, isWithin } from '../ranges/key-range.js';
import { listRange } from '../ranges/list-range.js';
import { mayUseRanges } from '../ranges/probe-ranges.js';
import { type RestoreSelection, type SelectedBucket, rangesIn } from './selection.js';
import { listTarget } from './target-listing.js';

/** Other shares write into the bucket meanwhile, which makes answers look wrong for a while. */
const ATTEMPTS = 3;
const PAUSE_MS = 500;

export interface ListingContext {
  store: ObjectStore;
  listings: OrderedListings;
  selection: RestoreSelection;
  signal: AbortSignal;
  /** Why no listing of this server from a key on is to be trusted, if that is known. */
  doubts: string | undefined;
  warn: (line: string) => void;
}

/** Finds an object of a target bucket by its key. */
export type FindObject = (bucket: string, key: string) => Promise<ListedObject | undefined>;

/**
 * Lists of target buckets what is selected. Where the selection has ranges, only these are asked for,
 * unless the server does not list reliably from a key on: then the bucket is listed as a whole.
 */
export class SelectedListing {
  readonly #context: ListingContext;
  /** The target buckets that are listed as a whole. */
  readonly #untrusted = new Set<string>();

  constructor(context: ListingContext) {
    this.#context = context;
  }

  /**
   * Yields the selected objects of a target bucket in key order. Rejects with `ListingUnreliable` if the
   * work must start over.
   */
  async *of({ name, target }: SelectedBucket, find: FindObject): AsyncGenerator<ListedObject[]> {
    const ranges = rangesIn(this.#context.selection, name);
    if (ranges === undefined) {
      yield* this.#listWhole(target, find);
      return;
    }
    const pieces = piecesOf(this.#context.selection, ranges);
    const areCut = pieces.some(({ range }) => !isWhole(range));
    let done = 0;
    if (!areCut || (await this.#mayUseRanges(target))) {
      for (const piece of pieces) {
        if (!(yield* this.#listPiece(target, piece, find))) break;
        done += 1;
      }
    }
    const left = pieces.slice(done);
    if (left.length === 0) return;
    for await (const page of this.#listWhole(target, find)) {
      yield page.filter(({ key }) => left.some((piece) => isIn(piece, key)));
    }
  }

  async *#listWhole(target: string, find: FindObject): AsyncGenerator<ListedObject[]> {
    for (const part of rangesOf(this.#context.selection)) {
      if ('prefix' in part) yield* this.#listPrefix(target, part.prefix);
      else yield* findOne(find, target, part.key);
    }
  }

  #listPrefix(target: string, prefix: string): AsyncGenerator<ListedObject[]> {
    const { signal } = this.#context;
    return listTarget(this.#context, target, { prefix: prefix || undefined, signal });
  }

  /** Yields a piece. Returns false if nothing was yielded, because the server cannot list it. */
  async *#listPiece(
    bucket: string,
    { range, part }: Piece,
    find: FindObject,
  ): AsyncGenerator<ListedObject[], boolean> {
    if ('key' in part) {
      yield* findOne(find, bucket, part.key);
      return true;
    }
    if (isWhole(range)) {
      yield* this.#listPrefix(bucket, part.prefix);
      return true;
    }
    const { store, listings, signal } = this.#context;
    const context = { store, listings, startedAt: new Date(0), onDoubt: () => undefined };
    const options = { prefix: part.prefix || undefined, signal };
    for (let attempt = 1; ; attempt++) {
      let begun = false;
      try {
        for await (const page of listRange(context, { ...range, bucket }, options)) {
          begun = true;
          yield [...page];
        }
        return true;
      } catch (error) {
        if (!(error instanceof ListingUnreliable)) throw error;
        const isLast = begun || attempt === ATTEMPTS || listings.isUnordered(bucket);
        if (isLast) this.#distrust(bucket, error.message);
        if (begun) throw error;
        if (isLast) return false;
      }
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }

  /** Asks anew before each listing: a bucket that was empty has told nothing. */
  async #mayUseRanges(bucket: string): Promise<boolean> {
    const { store, listings, signal, doubts } = this.#context;
    if (this.#untrusted.has(bucket) || listings.isUnordered(bucket)) return false;
    let reason = doubts ?? '';
    for (let attempt = 1; doubts === undefined; attempt++) {
      const verdict = await mayUseRanges(store, bucket, signal);
      if (verdict === 'yes') return true;
      reason = verdict.reason;
      if (attempt === ATTEMPTS) break;
      await sleep(PAUSE_MS, undefined, { signal });
    }
    this.#distrust(bucket, reason);
    return false;
  }

  #distrust(bucket: string, reason: string): void {
    if (this.#untrusted.has(bucket)) return;
    this.#untrusted.add(bucket);
    this.#context.warn(`${bucket} is listed as a whole: ${reason}`);
  }
}

async function* findOne(
  find: FindObject,
  bucket: string,
  key: string,
): AsyncGenerator<ListedObject[]> {
  const object = await find(bucket, key);
  if (object !== undefined) yield [object];
}

type Part = { key: string } | { prefix: string };

/** What a range has of a selected key or prefix: without ends where it has all of it. */
interface Piece {
  range: Pick<KeyRange, 'after' | 'through'>;
  part: Part;
}

/** Returns the pieces in key order. */
function piecesOf(selection: RestoreSelection, ranges: readonly KeyRange[]): Piece[] {
  return ranges.flatMap((range) =>
    rangesOf(selection).flatMap((part): Piece[] => {
      if (!('prefix' in part)) {
        const whole = { after: null, through: null };
        return isWithin(range, part.key) ? [{ range: whole, part }] : [];
      }
      const { prefix } = part;
      const { after, through } = range;
      // Keys with a prefix are contiguous, and the prefix itself is the first that there may be.
      if (isPast(prefix, through)) return [];
      if (after !== null && isBehindAll(after, prefix)) return [];
      const cut = {
        after: after === null || isBehind(prefix, after) ? null : after,
        through: through === null || isBehindAll(through, prefix) ? null : through,
      };
      return [{ range: cut, part }];
    }),
  );
}

/** Whether a key lies behind everything that begins with the prefix. */
function isBehindAll(key: string, prefix: string): boolean {
  return compareKeys(key, prefix) > 0 && !key.startsWith(prefix);
}

function isIn({ range, part }: Piece, key: string): boolean {
  if ('key' in part) return part.key === key;
  return key.startsWith(part.prefix) && isWithin({ bucket: '', ...range }, key);
}

function isWhole({ after, through }: Piece['range']): boolean {
  return after === null && through === null;
}
