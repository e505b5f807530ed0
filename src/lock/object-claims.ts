import { createHash } from 'node:crypto';
import { MangamotionError, isMangamotionError } from '../errors.js';
import { inParallel } from '../in-parallel.js';
import { type ListingDoubt, listToTheEnd } from '../object-store/order/listing-to-the-end.js';
import { OrderedListings, inOrder } from '../object-store/order/ordered-listings.js';
import type { ObjectStore } from '../object-store/port.js';
import {
  type ChooseClaims,
  CLAIMS_FOLDER,
  CLAIM_SUFFIX,
  LARGEST_CLAIM_BYTES,
  type ClaimStore,
  type StoredClaim,
} from './claim.js';
import type { ClaimObjects } from './lock-claims.js';

/** Requests at once where many are read. */
const READ_AT_ONCE = 16;

/**
 * Claims as objects. Their requests are urgent: behind the bytes of a limit of the rate, a heartbeat
 * would come too late. Use a separate store if much is uploaded through the other one: a heartbeat
 * must not wait for a connection behind large objects.
 */
export class ObjectClaims implements ClaimStore, ClaimObjects {
  readonly location: string;
  readonly #store: ObjectStore;
  readonly #bucket: string;
  readonly #prefix: string;

  /** `prefix` is empty or ends with a slash. */
  constructor(
    store: ObjectStore,
    { bucket, prefix }: { bucket: string; prefix: string },
    folder = CLAIMS_FOLDER,
  ) {
    this.location = `s3://${bucket}/${prefix}`;
    this.#store = store;
    this.#bucket = bucket;
    this.#prefix = `${prefix}${folder}/`;
  }

  async put(name: string, content: string, signal?: AbortSignal): Promise<void> {
    const bytes = Buffer.from(content);
    const body = {
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      open: () => [bytes],
    };
    const attributes = { headers: { 'content-type': 'application/json' } };
    await this.#store.putObject(this.#bucket, this.#key(name), body, {
      ...{ attributes, signal, urgent: true },
    });
  }

  async list(signal?: AbortSignal, choose?: ChooseClaims): Promise<StoredClaim[]> {
    const names =
      choose === undefined
        ? await this.names(signal)
        : choose((await this.#provenNames(signal)).sort());
    const claims = await inParallel(READ_AT_ONCE, names, (name) => this.read(name, signal));
    return claims.filter((claim) => claim !== undefined);
  }

  /** Resolves to the names of all, in no order. */
  async names(signal?: AbortSignal): Promise<string[]> {
    const names: string[] = [];
    const options = { prefix: this.#prefix, signal, urgent: true };
    for await (const page of this.#store.listObjects(this.#bucket, options)) {
      for (const { key } of page) if (key.endsWith(CLAIM_SUFFIX)) names.push(this.#nameOf(key));
    }
    return names;
  }

  /** Rejects where the server does not show that its listing is complete. */
  async #provenNames(signal: AbortSignal | undefined): Promise<string[]> {
    const listings = new OrderedListings(this.#store);
    const onDoubt = (doubt: ListingDoubt): void => {
      if (doubt === 'start_after_ignored') throw withoutProof(this.location);
    };
    const context = { store: this.#store, listings, startedAt: new Date(), onDoubt };
    const keys = await inOrder(
      async () => {
        const found: string[] = [];
        const pages = listToTheEnd(context, this.#bucket, { prefix: this.#prefix, signal });
        for await (const page of pages) found.push(...page.map(({ key }) => key));
        return found.filter((key) => key.endsWith(CLAIM_SUFFIX));
      },
      () => undefined,
    );
    return keys.map((key) => this.#nameOf(key));
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    await this.#store.deleteObject(this.#bucket, this.#key(name), { signal });
  }

  /**
   * Reads content and time from one answer; resolves to `undefined` if there is no such object. The time is
   * rounded down to seconds.
   */
  async read(name: string, signal?: AbortSignal): Promise<StoredClaim | undefined> {
    const key = this.#key(name);
    try {
      const options = { maxBytes: LARGEST_CLAIM_BYTES, signal, urgent: true };
      const { head, content } = await this.#store.readObject(this.#bucket, key, options);
      if (head.lastModified === '') throw withoutTime(key);
      return {
        name,
        content: content?.toString(),
        modifiedAtMs: Date.parse(head.lastModified),
      };
    } catch (error) {
      // The claim was removed after the listing.
      if (isMangamotionError(error, 'not_found')) return undefined;
      throw error;
    }
  }

  #nameOf(key: string): string {
    return key.slice(this.#prefix.length, -CLAIM_SUFFIX.length);
  }

  #key(name: string): string {
    return `${this.#prefix}${name}${CLAIM_SUFFIX}`;
  }
}

function withoutProof(location: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `${location}: the server ignores start-after, so it is unknown whether all is listed`,
  );
}

function withoutTime(key: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the server does not report when ${key} was written, so a lock cannot be held there`,
    { hint: 'Use another server, or a folder, as the destination.' },
  );
}
