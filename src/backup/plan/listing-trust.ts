import { countOf } from '../../count-of.js';
import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError } from '../../errors.js';
import { ListingUnreliable } from '../../object-store/order/ordered-listings.js';

/**
 * The number of missing keys of a bucket that each get a HEAD request; of further ones, one in 100.
 */
const ALL_OF_THE_FIRST = 1000;
const ONE_IN = 100;

/**
 * Decides which listings can be trusted. An object that the earlier backup holds and a listing
 * lacks is gone, or the server omitted it. One instance serves all attempts of a backup.
 */
export class ListingTrust {
  /** A key that exists but was not listed, for each bucket whose listing is not trusted. */
  readonly untrusted = new Map<string, string>();
  /** The number of objects that HEAD found and the listing lacked, for each bucket. */
  readonly found = new Map<string, number>();
  readonly #missing = new Map<string, number>();
  readonly #assumed = new Map<string, number>();
  readonly #trustsNone: boolean;

  /** With `trustsNone`, each missing key of every bucket gets a HEAD request. */
  constructor({ trustsNone = false } = {}) {
    this.#trustsNone = trustsNone;
  }

  begin(): void {
    this.found.clear();
    this.#missing.clear();
    this.#assumed.clear();
  }

  /** Whether the next missing key of the bucket needs a HEAD request. */
  needsHead(bucket: string): boolean {
    const index = this.#missing.get(bucket) ?? 0;
    this.#missing.set(bucket, index + 1);
    if (this.#trustsNone || this.untrusted.has(bucket)) return true;
    return index < ALL_OF_THE_FIRST || index % ONE_IN === 0;
  }

  /** Records an object that is assumed to be gone without a HEAD request. */
  assume(bucket: string): void {
    this.#assumed.set(bucket, (this.#assumed.get(bucket) ?? 0) + 1);
  }

  /**
   * Records an object that is older than the backup and missing from the listing. Throws
   * `ListingUnreliable` if other objects of the bucket were assumed gone: the backup then starts
   * over, and sends a HEAD request for each.
   */
  leftOut({ bucket, key }: IndexLine): void {
    this.found.set(bucket, (this.found.get(bucket) ?? 0) + 1);
    if (this.untrusted.has(bucket)) return;
    this.untrusted.set(bucket, key);
    if ((this.#assumed.get(bucket) ?? 0) === 0) return;
    const nameless = `the server's listing of ${bucket} leaves out objects that exist`;
    throw new ListingUnreliable(
      `${nameless}, such as ${JSON.stringify(key)}`,
      'HEAD requests check each object that the last backup holds and the listing lacks',
      nameless,
    );
  }

  /** Returns the error for a bucket that is not trusted. `earlier` is the earlier backup's id. */
  failureOf(bucket: string, key: string, earlier: string | undefined): MangamotionError {
    const count = this.found.get(bucket) ?? 0;
    const objects = countOf(count, 'object');
    const message = `the server's listing of ${bucket} leaves out objects that exist, such as ${JSON.stringify(key)}: HEAD requests found ${objects} of ${earlier ?? 'an earlier backup'}; newer ones may be missing`;
    return new MangamotionError('damaged', message, {
      request: { operation: 'ListObjectsV2', status: 200, code: '' },
    });
  }
}
