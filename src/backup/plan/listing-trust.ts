import type { IndexLine } from '../../archive/index-line.js';
import type { MangamotionError } from '../../errors.js';
import { ListingUnreliable } from '../../object-store/order/ordered-listings.js';
import type { ObjectHead } from '../../object-store/port.js';
import type { ReadContext } from '../capture/fetch.js';
import { isNoSuchObject } from '../capture/vanished.js';

/** Objects that the earlier backup holds and the listing lacks: gone, or left out by the server. */

/** All of the first so many of a bucket are asked for, then one in a hundred. */
const ALL_OF_THE_FIRST = 1000;
const ONE_IN = 100;

export type MissingVerdict =
  | { kind: 'gone' }
  /** Not asked for: taken for gone as long as the listing of its bucket is trusted. */
  | { kind: 'assumed' }
  | { kind: 'there'; head: ObjectHead }
  | { kind: 'unproven'; error: MangamotionError };

/**
 * Which listings of a run can be trusted. Lives as long as the run, and outlasts its beginning anew.
 */
export class ListingTrust {
  /** By bucket: a key that is there and was not listed. */
  readonly untrusted = new Map<string, string>();
  /** Objects per bucket that HEAD found and the listing had not. */
  readonly found = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #assumed = new Map<string, number>();

  /** A run begins, or begins anew: nothing is counted yet. */
  begin(): void {
    this.found.clear();
    this.#asked.clear();
    this.#assumed.clear();
  }

  /** Whether HEAD is to be sent for the next missing key of the bucket. */
  asksFor(bucket: string): boolean {
    const index = this.#asked.get(bucket) ?? 0;
    this.#asked.set(bucket, index + 1);
    return this.untrusted.has(bucket) || index < ALL_OF_THE_FIRST || index % ONE_IN === 0;
  }

  assume(bucket: string): void {
    this.#assumed.set(bucket, (this.#assumed.get(bucket) ?? 0) + 1);
  }

  /**
   * An object is there that was there before the run, and the listing lacks it. Throws
   * `ListingUnreliable` where others of the bucket were taken for gone: the run begins anew, and asks
   * for each.
   */
  leftOut({ bucket, key }: IndexLine): void {
    this.found.set(bucket, (this.found.get(bucket) ?? 0) + 1);
    if (this.untrusted.has(bucket)) return;
    this.untrusted.set(bucket, key);
    if ((this.#assumed.get(bucket) ?? 0) === 0) return;
    throw new ListingUnreliable(
      `the server's listing of ${bucket} leaves out objects that are there, such as ${JSON.stringify(key)}`,
      'each object that the last backup holds and the listing lacks is asked for',
    );
  }
}

/** Sends HEAD for the object. Rejects only with what ends the run. */
export async function askForMissing(
  { store, faults, signal }: ReadContext,
  { bucket, key }: IndexLine,
): Promise<Exclude<MissingVerdict, { kind: 'assumed' }>> {
  try {
    return { kind: 'there', head: await store.headObject(bucket, key, { signal }) };
  } catch (error) {
    if (isNoSuchObject(error)) return { kind: 'gone' };
    return { kind: 'unproven', error: await faults.judge(bucket, error, signal) };
  }
}
