import { createHash } from 'node:crypto';
import type { ChunkReference } from '../../archive/directory.js';
import { IndexCheck } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { mayHold, rangesOf, selectLines, selectsAll } from '../../archive/select.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { OrderedListings, inOrder } from '../../object-store/order/ordered-listings.js';
import type { ListedObject, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { isUnexpectedAnswer } from '../../object-store/store-errors.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import { mayHideMd5 } from '../documents/bucket-documents.js';
import { Doomed } from '../doomed.js';
import { objectsNotIn } from './merge.js';
import { type RestoreFailure, explained } from '../failures.js';
import { PlannedClasses, classesOf } from './problem-keys.js';
import {
  type BucketPlan,
  type MergedObject,
  type OnConflict,
  type PlannedObject,
  compareWithTarget,
  countInto,
  decideAction,
  emptyPlan,
  isKmsEncrypted,
  mergeWithTarget,
  transfers,
} from './decide.js';
import { findListed } from '../proof/proof.js';
import { RefusableKeys } from '../refusable-keys.js';
import {
  type RestoreSelection,
  type SelectedBucket,
  isBucketName,
  selectBuckets,
} from '../selection.js';
import { ShownObjects } from './shown-objects.js';
import { listTarget } from '../target-listing.js';

export interface PlannerContext {
  store: ObjectStore;
  backup: OpenBackup;
  faults: RunFaults;
  selection: RestoreSelection;
  onConflict: OnConflict;
  /** Objects are restored, not the documents of buckets alone. */
  objects: boolean;
  /** What only the target has is to be removed. */
  deleteExtra: boolean;
  /** Somebody is asked with the plan: what it shows as lost is remembered. */
  asks: boolean;
  signal: AbortSignal;
  warn: (line: string) => void;
}

/**
 * Compares a backup with its target. Nothing is kept but counts and the first names: the plan of ten
 * million objects is made once to be shown, and again, object by object, while it is carried out.
 */
export class RestorePlanner {
  /** The ids of the archives that are needed for it: the backup's own, and where the bytes lie. */
  readonly needed: Set<string>;
  /** What a target may refuse of it. Complete after `plan`, as are the next three. */
  readonly refusable = new RefusableKeys();
  /** What of it a target may store under other names. */
  readonly classes = new PlannedClasses();
  readonly doomed = new Doomed();
  /** Where somebody is to agree to it: all that is shown as lost. */
  readonly shown: ShownObjects | undefined;
  /** Buckets that cannot be restored to. */
  readonly failures: RestoreFailure[] = [];
  readonly listings: OrderedListings;
  readonly #context: PlannerContext;
  /** By target: when its newest object was written, by the target's own clock, at the planning. */
  readonly #newest = new Map<string, number>();
  /** Results of comparisons for which the target's object had to be read. */
  readonly #compared = new Map<string, boolean>();
  /** By target: whether its objects may be encrypted so that their ETags are no MD5s. */
  readonly #hidesMd5 = new Map<string, boolean>();
  /** Errors of the backup itself, which are none of the target's. */
  readonly #ofBackup = new WeakSet<Error>();
  /** Which of the keys and prefixes asked for the backup has. */
  readonly #met = new Set<string>();
  #lastChunk: { chunk: ChunkReference; lines: IndexLine[] } | undefined;

  constructor(context: PlannerContext) {
    this.#context = context;
    if (context.asks) this.shown = new ShownObjects();
    this.listings = new OrderedListings(context.store);
    this.needed = new Set([context.backup.id]);
  }

  /** The counts of each bucket. Rejects with `not_found` where something selected is not there. */
  async plan(onObjects: (objects: number) => void): Promise<BucketPlan[]> {
    const { backup, selection, warn } = this.#context;
    const plans: BucketPlan[] = [];
    for (const bucket of selectBuckets(backup.directory, selection)) {
      const before = plans.reduce((sum, plan) => sum + objectsOf(plan), 0);
      const plan = await this.#unlessFailed(bucket, () =>
        inOrder(
          () => this.#planBucket(bucket, (objects) => onObjects(before + objects)),
          ({ message, remedy }) => warn(`${message}: ${remedy}`),
        ),
      );
      plans.push(plan);
    }
    if (this.#context.objects) this.#refuseUnmet();
    return plans;
  }

  /** What is to be done with each selected object of a bucket, in the order of the archive. */
  async *objectsOf(bucket: SelectedBucket, targetExists: boolean): AsyncGenerator<PlannedObject[]> {
    const lines = this.#linesOf(bucket.name);
    const listing = targetExists ? this.#listingOf(bucket) : nothing();
    yield* this.#decideAll(bucket, lines, listing);
  }

  /** The objects that only the target has, but none that was written since the planning. */
  async *extrasOf(bucket: SelectedBucket): AsyncGenerator<ListedObject[]> {
    const newest = this.#newest.get(bucket.target) ?? -Infinity;
    for await (const page of objectsNotIn(this.#linesOf(bucket.name), this.#listingOf(bucket))) {
      yield page.filter(({ lastModified }) => Date.parse(lastModified) <= newest);
    }
  }

  /**
   * What of a plan made anew destroys no more than what was shown. The rest is handed over by key: it
   * has appeared or changed since.
   */
  async *asShown<T extends PlannedObject | ListedObject>(
    bucket: string,
    pages: AsyncIterable<T[]>,
    onChanged: (key: string) => void,
  ): AsyncGenerator<T[]> {
    if (this.shown === undefined) {
      yield* pages;
      return;
    }
    const overwritten = this.shown.check(bucket, 'overwrite');
    const removed = this.shown.check(bucket, 'delete');
    try {
      for await (const page of pages) {
        const kept: T[] = [];
        for (const one of page) {
          const isShown =
            'line' in one
              ? one.action !== 'overwrite' ||
                one.target === undefined ||
                (await overwritten.has(one.target))
              : await removed.has(one);
          if (isShown) kept.push(one);
          else onChanged('line' in one ? one.line.key : one.key);
        }
        yield kept;
      }
    } finally {
      await overwritten.close();
      await removed.close();
    }
  }

  /** True for an error of the backup: of an index that is damaged, or out of reach. */
  isOfBackup(error: unknown): boolean {
    return error instanceof Error && this.#ofBackup.has(error);
  }

  /** A bucket of which nothing can be told or written is a failure, and ends no other. */
  async #unlessFailed(
    { name, target }: SelectedBucket,
    work: () => Promise<BucketPlan>,
  ): Promise<BucketPlan> {
    const { faults, signal } = this.#context;
    if (!isBucketName(target)) {
      const reason = `${JSON.stringify(target)} is no name of a bucket: choose another with --as`;
      this.failures.push({ bucket: target, key: '', reason });
      return { ...emptyPlan(name, target, false), failed: reason };
    }
    try {
      return await work();
    } catch (error) {
      if (this.isOfBackup(error)) throw error;
      const failure = await faults.judge(target, error, signal);
      const reason = `nothing of it was restored: ${failure.message}`;
      this.failures.push({ bucket: target, key: '', ...explained(failure), reason });
      await this.#forget(target);
      return { ...emptyPlan(name, target, false), failed: reason };
    }
  }

  async #planBucket(
    bucket: SelectedBucket,
    onObjects: (objects: number) => void,
  ): Promise<BucketPlan> {
    const { store, signal, deleteExtra } = this.#context;
    await this.#forget(bucket.target);
    const exists = await store.bucketExists(bucket.target, { signal });
    const plan = emptyPlan(bucket.name, bucket.target, !exists);
    if (!this.#context.objects) return plan;
    const counted = this.#counting(exists ? this.#listingOf(bucket) : nothing(), plan);
    for await (const page of this.#decideAll(bucket, this.#linesOf(bucket.name), counted)) {
      for (const planned of page) await this.#count(plan, planned);
      onObjects(objectsOf(plan));
    }
    if (exists && deleteExtra) plan.delete = await this.#countExtras(bucket);
    return plan;
  }

  /** A plan that was begun is made anew, or is none. */
  async #forget(target: string): Promise<void> {
    await this.shown?.forget(target);
    this.doomed.forget(target);
    this.classes.forget(target);
  }

  async *#counting(
    pages: AsyncIterable<ListedObject[]>,
    plan: BucketPlan,
  ): AsyncGenerator<ListedObject[]> {
    for await (const page of pages) {
      plan.listed += page.length;
      yield page;
    }
  }

  async *#decideAll(
    { target }: SelectedBucket,
    lines: AsyncIterable<IndexLine[]>,
    listing: AsyncIterable<ListedObject[]>,
  ): AsyncGenerator<PlannedObject[]> {
    for await (const page of mergeWithTarget(lines, listing)) {
      const planned: PlannedObject[] = [];
      for (const object of page) planned.push(await this.#decide(target, object));
      yield planned;
    }
  }

  async #count(plan: BucketPlan, planned: PlannedObject): Promise<void> {
    countInto(plan, planned);
    const { line, action, target } = planned;
    this.#meet(line.key);
    if (!transfers(action)) return;
    this.needed.add(line.archive);
    this.refusable.add(plan.target, line.key);
    this.classes.add(plan.target, line.key, line.size);
    if (action !== 'overwrite' || target === undefined) return;
    this.doomed.add(plan.target, action, { key: line.key, size: target.sizeBytes });
    await this.shown?.add(plan.target, action, target);
  }

  #meet(key: string): void {
    const { selection } = this.#context;
    if (selectsAll(selection)) return;
    for (const range of rangesOf(selection)) {
      if ('key' in range ? range.key === key : key.startsWith(range.prefix)) {
        this.#met.add(JSON.stringify(range));
      }
    }
  }

  #refuseUnmet(): void {
    const { selection, backup } = this.#context;
    if (selectsAll(selection)) return;
    const unmet = rangesOf(selection).filter((range) => !this.#met.has(JSON.stringify(range)));
    if (unmet.length === 0 || this.failures.length > 0) return;
    const named = unmet.map((range) =>
      'key' in range
        ? `no object ${JSON.stringify(range.key)}`
        : `no object whose key begins with ${JSON.stringify(range.prefix)}`,
    );
    throw new MangamotionError(
      'not_found',
      `${backup.id} has ${named.join(', and ')} in the buckets selected`,
      { hint: `See what it has with "mangamotion backup ls ${backup.path}".` },
    );
  }

  async #countExtras(bucket: SelectedBucket): Promise<number> {
    const newest = this.#newest;
    const seen = async function* (pages: AsyncIterable<ListedObject[]>) {
      for await (const page of pages) {
        for (const { lastModified } of page) {
          const known = newest.get(bucket.target) ?? -Infinity;
          newest.set(bucket.target, Math.max(known, Date.parse(lastModified)));
        }
        yield page;
      }
    };
    let extras = 0;
    const listing = seen(this.#listingOf(bucket));
    for await (const page of objectsNotIn(this.#linesOf(bucket.name), listing)) {
      extras += page.length;
      for (const extra of page) {
        this.doomed.add(bucket.target, 'delete', { key: extra.key, size: extra.sizeBytes });
        await this.shown?.add(bucket.target, 'delete', extra);
      }
    }
    return extras;
  }

  async *#linesOf(bucket: string): AsyncGenerator<IndexLine[]> {
    const { backup, selection, signal } = this.#context;
    const check = new IndexCheck(backup.directory);
    for (const chunk of backup.directory.chunks) {
      if (!mayHold(chunk, bucket, selection)) continue;
      signal.throwIfAborted();
      const lines = await this.#readChunk(chunk);
      this.#ofTheBackup(() => check.add(lines));
      yield selectLines(lines, bucket, selection);
    }
    if (selectsAll(selection)) this.#ofTheBackup(() => check.checkWhole(bucket));
  }

  /** What is wrong with the index is a failure of the backup, and not of the target. */
  #ofTheBackup(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (error instanceof Error) this.#ofBackup.add(error);
      throw error;
    }
  }

  /** Plan and restore both read the index; of one object that is one chunk, read once. */
  async #readChunk(chunk: ChunkReference): Promise<IndexLine[]> {
    if (this.#lastChunk?.chunk === chunk) return this.#lastChunk.lines;
    try {
      const archive = await this.#context.backup.archives.of(chunk.archive);
      const lines = await archive.readChunk(chunk);
      this.#lastChunk = { chunk, lines };
      return lines;
    } catch (error) {
      if (error instanceof Error) this.#ofBackup.add(error);
      throw error;
    }
  }

  async *#listingOf({ target }: SelectedBucket): AsyncGenerator<ListedObject[]> {
    const { store, selection, signal } = this.#context;
    for (const range of rangesOf(selection)) {
      if ('prefix' in range) {
        const prefix = range.prefix === '' ? undefined : range.prefix;
        yield* listTarget({ store, listings: this.listings }, target, { prefix, signal });
      } else {
        const object = await this.#find(target, range.key);
        if (object !== undefined) yield [object];
      }
    }
  }

  /**
   * By its head; but there are servers that find `x` where they are asked for `/x`, and some whose
   * heads tell no size: the listing tells it.
   */
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

  async #decide(bucket: string, { line, target }: MergedObject): Promise<PlannedObject> {
    if (target === undefined) return { line, action: decideAction('absent', 'overwrite') };
    let likeness = compareWithTarget(line, target, isKmsEncrypted(line));
    if (likeness === 'different' && line.size === target.sizeBytes) {
      if (await this.#mayHideMd5(bucket)) likeness = 'unknown';
    }
    if (likeness === 'unknown') {
      likeness = (await this.#hasSameContent(bucket, line, target)) ? 'same' : 'different';
    }
    const action = decideAction(likeness, this.#context.onConflict);
    return { line, action, target };
  }

  /** Asked for where it makes a difference, once a bucket. */
  async #mayHideMd5(bucket: string): Promise<boolean> {
    const known = this.#hidesMd5.get(bucket);
    if (known !== undefined) return known;
    const may = await mayHideMd5(this.#context, bucket);
    this.#hidesMd5.set(bucket, may);
    return may;
  }

  /**
   * Reads the target's object, where neither size nor ETag can tell: once for plan and restore. One
   * that cannot be read is taken for another.
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
      await faults.judge(bucket, error, signal);
    }
    this.#compared.set(name, same);
    return same;
  }
}

function objectsOf({ create, overwrite, unchanged, skip, conflict }: BucketPlan): number {
  return create + overwrite + unchanged + skip + conflict;
}

// eslint-disable-next-line @typescript-eslint/require-await -- it stands in for a listing
async function* nothing(): AsyncGenerator<ListedObject[]> {
  yield [];
}
