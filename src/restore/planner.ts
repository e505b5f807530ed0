import { createHash } from 'node:crypto';
import type { ChunkReference } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { mayHold, selectLines } from '../archive/select.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import { OrderedListings } from '../object-store/ordered-listings.js';
import type { ListedObject, ObjectStore } from '../object-store/port.js';
import type { OpenBackup } from '../repository/open-backup.js';
import {
  type BucketPlan,
  type MergedObject,
  type OnConflict,
  type PlannedObject,
  compareWithTarget,
  countInto,
  decideAction,
  emptyPlan,
  mergeWithTarget,
  transfers,
} from './plan.js';
import { objectsNotIn } from './extras.js';
import { RefusableKeys } from './refusable-keys.js';
import { type RestoreSelection, type SelectedBucket, selectBuckets } from './selection.js';

export interface PlannerContext {
  store: ObjectStore;
  backup: OpenBackup;
  selection: RestoreSelection;
  onConflict: OnConflict;
  /** Objects are restored, not the documents of buckets alone. */
  objects: boolean;
  /** What only the target has is to be removed. */
  deleteExtra: boolean;
  signal: AbortSignal;
}

/**
 * Compares a backup with its target. Nothing is kept but counts: the plan of ten million objects is
 * made once to be shown, and again, object by object, while it is carried out.
 */
export class RestorePlanner {
  /** The ids of the archives that are needed for it: the backup's own, and where the bytes lie. */
  readonly needed: Set<string>;
  /** What a target may refuse of it. Complete after `plan`. */
  readonly refusable = new RefusableKeys();
  readonly #context: PlannerContext;
  readonly #listings: OrderedListings;
  /** By target: when its newest object was written, by the target's own clock, at the planning. */
  readonly #newest = new Map<string, number>();
  /** Results of comparisons for which the target's object had to be read. */
  readonly #compared = new Map<string, boolean>();
  #lastChunk: { chunk: ChunkReference; lines: IndexLine[] } | undefined;

  constructor(context: PlannerContext) {
    this.#context = context;
    this.#listings = new OrderedListings(context.store);
    this.needed = new Set([context.backup.id]);
  }

  /** The counts of each bucket. Rejects with `not_found` where nothing is selected. */
  async plan(onObjects: (objects: number) => void): Promise<BucketPlan[]> {
    const { store, backup, selection, signal } = this.#context;
    const plans: BucketPlan[] = [];
    let objects = 0;
    for (const bucket of selectBuckets(backup.directory, selection)) {
      const exists = await store.bucketExists(bucket.target, { signal });
      const plan = emptyPlan(bucket.name, bucket.target, !exists);
      plans.push(plan);
      if (!this.#context.objects) continue;
      for await (const page of this.objectsOf(bucket, exists)) {
        for (const planned of page) this.#count(plan, planned);
        objects += page.length;
        onObjects(objects);
      }
      if (exists && this.#context.deleteExtra) plan.delete = await this.#countExtras(bucket);
    }
    const narrowed = selection.key ?? selection.prefix;
    if (objects === 0 && narrowed !== undefined) throw nothingSelected(backup, selection);
    return plans;
  }

  /** What is to be done with each selected object of a bucket, in the order of the archive. */
  async *objectsOf(bucket: SelectedBucket, targetExists: boolean): AsyncGenerator<PlannedObject[]> {
    const lines = this.#linesOf(bucket.name);
    const merged = mergeWithTarget(lines, targetExists ? this.#listingOf(bucket) : nothing());
    for await (const page of merged) {
      const planned: PlannedObject[] = [];
      for (const object of page) planned.push(await this.#decide(bucket.target, object));
      yield planned;
    }
  }

  /** The objects that only the target has, but none that was written since the planning. */
  async *extrasOf(bucket: SelectedBucket): AsyncGenerator<ListedObject[]> {
    const newest = this.#newest.get(bucket.target) ?? -Infinity;
    for await (const page of objectsNotIn(this.#linesOf(bucket.name), this.#listingOf(bucket))) {
      yield page.filter(({ lastModified }) => Date.parse(lastModified) <= newest);
    }
  }

  #count(plan: BucketPlan, planned: PlannedObject): void {
    countInto(plan, planned);
    if (!transfers(planned.action)) return;
    this.needed.add(planned.line.archive);
    this.refusable.add(plan.target, planned.line.key);
  }

  async #countExtras(bucket: SelectedBucket): Promise<number> {
    const newest = this.#newest;
    const seen = async function* (pages: AsyncIterable<ListedObject[]>) {
      for await (const page of pages) {
        const times = page.map(({ lastModified }) => Date.parse(lastModified));
        newest.set(bucket.target, Math.max(newest.get(bucket.target) ?? -Infinity, ...times));
        yield page;
      }
    };
    let extras = 0;
    const listing = seen(this.#listingOf(bucket));
    for await (const page of objectsNotIn(this.#linesOf(bucket.name), listing)) {
      extras += page.length;
    }
    return extras;
  }

  async *#linesOf(bucket: string): AsyncGenerator<IndexLine[]> {
    const { backup, selection, signal } = this.#context;
    for (const chunk of backup.directory.chunks) {
      if (!mayHold(chunk, bucket, selection)) continue;
      signal.throwIfAborted();
      yield selectLines(await this.#readChunk(chunk), bucket, selection);
    }
  }

  /** Plan and restore both read the index; of one object that is one chunk, read once. */
  async #readChunk(chunk: ChunkReference): Promise<IndexLine[]> {
    if (this.#lastChunk?.chunk !== chunk) {
      const archive = await this.#context.backup.archives.of(chunk.archive);
      const lines = await archive.readChunk(chunk);
      this.#lastChunk = { chunk, lines };
    }
    return this.#lastChunk.lines;
  }

  async *#listingOf({ target }: SelectedBucket): AsyncGenerator<ListedObject[]> {
    const { store, selection, signal } = this.#context;
    if (selection.key === undefined) {
      yield* this.#listings.list(target, { prefix: selection.prefix, signal });
      return;
    }
    try {
      const head = await store.headObject(target, selection.key, { signal });
      yield [{ key: selection.key, ...head }];
    } catch (error) {
      if (!isMangamotionError(error, 'not_found')) throw error;
    }
  }

  async #decide(bucket: string, { line, target }: MergedObject): Promise<PlannedObject> {
    if (target === undefined) return { line, action: decideAction('absent', 'overwrite') };
    let likeness = compareWithTarget(line, target);
    if (likeness === 'unknown') {
      likeness = (await this.#hasSameContent(bucket, line, target)) ? 'same' : 'different';
    }
    return { line, action: decideAction(likeness, this.#context.onConflict) };
  }

  /** Reads the target's object, where neither size nor ETag can tell: once for plan and restore. */
  async #hasSameContent(bucket: string, line: IndexLine, target: ListedObject): Promise<boolean> {
    const name = `${bucket}/${line.key}@${target.etag}`;
    const known = this.#compared.get(name);
    if (known !== undefined) return known;
    const { store, signal } = this.#context;
    const { body } = await store.getObject(bucket, line.key, { signal });
    const hash = createHash('sha256');
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
    const same = hash.digest('hex') === line.sha256;
    this.#compared.set(name, same);
    return same;
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- it stands in for a listing
async function* nothing(): AsyncGenerator<ListedObject[]> {
  yield [];
}

function nothingSelected({ id, path }: OpenBackup, selection: RestoreSelection): MangamotionError {
  const what =
    selection.key === undefined
      ? `no object whose key begins with ${JSON.stringify(selection.prefix)}`
      : `no object ${JSON.stringify(selection.key)}`;
  return new MangamotionError('not_found', `${id} has ${what} in the buckets selected`, {
    hint: `See what it has with "mangamotion backup ls ${path}".`,
  });
}
