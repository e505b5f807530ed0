import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import { MangamotionError } from '../../errors.js';
import { eachObjectPage } from '../../object-store/s3/requests/list-requests.js';
import { type ListingDoubt, listToTheEnd } from '../../object-store/order/listing-to-the-end.js';
import { OrderedListings, inOrder } from '../../object-store/order/ordered-listings.js';
import type { ListedObject, ObjectStore, RequestOptions } from '../../object-store/port.js';
import { SUMMARY_SUFFIX } from '../names.js';
import type { DecodedSummary } from '../summary.js';
import { decodeSummary } from '../summary-codec.js';
import { FIRST_CONTACT, type S3Place, isNoSuchObject, withPlaceErrors } from './s3-place.js';
import { contentOf } from './s3-upload-sink.js';

export interface Stored {
  sizeBytes: number;
  storageClass: string | null | undefined;
}

/**
 * The requests of a destination in a bucket. Until one has been answered they have few attempts, so
 * that a wrong address is reported soon.
 */
export class PlaceRequests {
  readonly place: S3Place;
  #wasReached = false;

  constructor(place: S3Place) {
    this.place = place;
  }

  /** Whether any request has been answered. */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** The options of a request that reads. */
  options(): RequestOptions {
    return { ...(this.#wasReached ? {} : FIRST_CONTACT), signal: this.place.signal };
  }

  /** Awaits the answer of a request that reads. */
  async ask<T>(answer: Promise<T>): Promise<T> {
    const value = await withPlaceErrors(this.place, answer);
    this.#wasReached = true;
    return value;
  }

  /** Rejects if the destination cannot be reached. */
  async reach(): Promise<void> {
    if (!this.#wasReached) await this.isEmpty();
  }

  /** Resolves to whether there is nothing below the prefix. */
  async isEmpty(): Promise<boolean> {
    const { store, bucket, prefix } = this.place;
    const options = { ...this.options(), prefix, maxKeys: 1 };
    return (await this.ask(store.listPage(bucket, options))).objects.length === 0;
  }

  /** Lists the objects below the prefix, by their names without it. */
  async objects(namePrefix = ''): Promise<Map<string, Stored>> {
    const { bucket, prefix } = this.place;
    return await this.#named(
      eachObjectPage(this.#pages(), bucket, { prefix: prefix + namePrefix }),
    );
  }

  /**
   * Lists all objects below the prefix, and continues a listing that ends early. Rejects with `refused`
   * where the server does not tell whether any follow.
   */
  async allObjects(): Promise<Map<string, Stored>> {
    const { url, bucket, prefix } = this.place;
    const store = this.#pages();
    const listings = new OrderedListings({
      endpoint: store.endpoint,
      listObjects: (_, options) => eachObjectPage(store, bucket, options),
    });
    const onDoubt = (doubt: ListingDoubt): void => {
      if (doubt === 'start_after_ignored') throw withoutProof(url);
    };
    const context = { store, listings, startedAt: new Date(), onDoubt };
    return await inOrder(
      () => this.#named(listToTheEnd(context, bucket, { prefix })),
      () => undefined,
    );
  }

  #pages(): Pick<ObjectStore, 'endpoint' | 'listPage'> {
    const { store, bucket } = this.place;
    return {
      endpoint: store.endpoint,
      listPage: (_, options) => this.ask(store.listPage(bucket, { ...options, ...this.options() })),
    };
  }

  async #named(pages: AsyncIterable<readonly ListedObject[]>): Promise<Map<string, Stored>> {
    const objects = new Map<string, Stored>();
    for await (const page of pages) {
      for (const { key, sizeBytes, storageClass } of page) {
        objects.set(key.slice(this.place.prefix.length), { sizeBytes, storageClass });
      }
    }
    return objects;
  }

  /** Reads the summary of a backup; `undefined` if there is none. */
  async summary(id: string): Promise<DecodedSummary | undefined> {
    const found = await this.#read(this.key(id, SUMMARY_SUFFIX), LARGEST_SUMMARY_BYTES);
    if (found === undefined) return undefined;
    if (found.content !== undefined) return decodeSummary(found.content);
    return { kind: 'damaged', reason: 'the summary is too large' };
  }

  /** Reads a small file that is no part of a backup; `undefined` if it is missing or too large. */
  async note(name: string, mostBytes: number): Promise<Buffer | undefined> {
    return (await this.#read(this.key(name, ''), mostBytes))?.content;
  }

  /** Reads a small file; `undefined` if it is missing, and `unfit` if it is too large. */
  async file(name: string, mostBytes: number): Promise<Buffer | 'unfit' | undefined> {
    const found = await this.#read(this.key(name, ''), mostBytes);
    return found === undefined ? undefined : (found.content ?? 'unfit');
  }

  /** Resolves to `undefined` if there is no such object, and without content if it is too large. */
  async #read(key: string, maxBytes: number): Promise<{ content: Buffer | undefined } | undefined> {
    const { store, bucket } = this.place;
    try {
      const options = { ...this.options(), maxBytes };
      const { content } = await this.ask(store.readObject(bucket, key, options));
      return { content };
    } catch (error) {
      if (isNoSuchObject(error)) return undefined;
      throw error;
    }
  }

  async put(
    id: string,
    suffix: string,
    text: string,
    signal: AbortSignal = this.place.signal,
  ): Promise<void> {
    const { store, bucket } = this.place;
    const content = contentOf(Buffer.from(text));
    const key = this.key(id, suffix);
    await withPlaceErrors(this.place, store.putObject(bucket, key, content, { signal }));
  }

  async delete(id: string, suffix: string): Promise<void> {
    const { store, bucket, signal } = this.place;
    const key = this.key(id, suffix);
    await withPlaceErrors(this.place, store.deleteObject(bucket, key, { signal }));
  }

  key(id: string, suffix: string): string {
    return this.place.prefix + id + suffix;
  }
}

function withoutProof(url: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `${url}: the server ignores start-after, so it is unknown whether all backups are listed`,
    { hint: 'Verify single backups by their names, or keep the backups on another server.' },
  );
}
