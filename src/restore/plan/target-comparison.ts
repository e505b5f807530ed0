import { createHash } from 'node:crypto';
import type { IndexLine } from '../../archive/index-line.js';
import { isMangamotionError } from '../../errors.js';
import type { ListedObject, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { isUnexpectedAnswer } from '../../object-store/store-errors.js';
import { mayHideMd5 } from '../documents/bucket-documents.js';
import type { SelectedListing } from '../selected-listing.js';
import type { SelectedBucket } from '../selection.js';
import { findListed } from '../target-listing.js';
import { type Likeness, compareWithTarget, isKmsEncrypted } from './decide.js';
import { classesOf } from './key-classes.js';

export interface TargetContext {
  store: ObjectStore;
  listing: SelectedListing;
  faults: RunFaults;
  signal: AbortSignal;
}

/** Compares objects of a backup with those of the target, and reads the target's if necessary. */
export class TargetComparison {
  readonly #context: TargetContext;
  readonly #compared = new Map<string, boolean>();
  /** Whether a target bucket may encrypt objects so that their ETags are not MD5s, by bucket. */
  readonly #hidesMd5 = new Map<string, boolean>();

  constructor(context: TargetContext) {
    this.#context = context;
  }

  /** Yields the selected objects of a target bucket in order. */
  listingOf(bucket: SelectedBucket): AsyncGenerator<ListedObject[]> {
    return this.#context.listing.of(bucket, (target, key) => this.#find(target, key));
  }

  async compare(
    bucket: string,
    line: IndexLine,
    target: ListedObject,
  ): Promise<Exclude<Likeness, 'unknown'>> {
    let likeness = compareWithTarget(line, target, isKmsEncrypted(line));
    if (likeness === 'different' && line.size === target.sizeBytes) {
      if (await this.#mayHideMd5(bucket)) likeness = 'unknown';
    }
    if (likeness !== 'unknown') return likeness;
    return (await this.#hasSameContent(bucket, line, target)) ? 'same' : 'different';
  }

  /** Finds an object by HEAD, or by the listing if the server's HEAD may be wrong for the key. */
  async #find(bucket: string, key: string): Promise<ListedObject | undefined> {
    const { store, signal } = this.#context;
    if (classesOf(key, 1).length > 0) return await findListed(store, bucket, key, signal);
    try {
      const head = await store.headObject(bucket, key, { signal });
      return { key, ...head };
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) return undefined;
      if (isUnexpectedAnswer(error)) return await findListed(store, bucket, key, signal);
      throw error;
    }
  }

  /** Reads the bucket's encryption setting once, if it matters. */
  async #mayHideMd5(bucket: string): Promise<boolean> {
    const known = this.#hidesMd5.get(bucket);
    if (known !== undefined) return known;
    const may = await mayHideMd5(this.#context, bucket);
    this.#hidesMd5.set(bucket, may);
    return may;
  }

  /**
   * Reads the target's object if size and ETag cannot decide, once for the plan and the restore. An
   * object that cannot be read counts as different.
   */
  async #hasSameContent(bucket: string, line: IndexLine, target: ListedObject): Promise<boolean> {
    const name = `${bucket}/${line.key}@${target.etag}`;
    const known = this.#compared.get(name);
    if (known !== undefined) return known;
    const { store, faults, signal } = this.#context;
    let same = false;
    try {
      const expectedBytes = target.sizeBytes;
      const { body } = await store.getObject(bucket, line.key, { signal, expectedBytes });
      const hash = createHash('sha256');
      for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
      same = hash.digest('hex') === line.sha256;
    } catch (error) {
      await faults.classify(bucket, error, signal);
    }
    this.#compared.set(name, same);
    return same;
  }
}
