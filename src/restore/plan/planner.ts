import type { IndexLine } from '../../archive/index-line.js';
import { OrderedListings, inOrder } from '../../object-store/order/ordered-listings.js';
import type { ListedObject, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import { type RestoreFailure, failureFields } from '../failures.js';
import { SelectedListing } from '../selected-listing.js';
import {
  type RestoreSelection,
  type SelectedBucket,
  isBucketName,
  selectBuckets,
} from '../selection.js';
import { DestroyedList } from './consent.js';
import {
  type BucketPlan,
  type OnConflict,
  type PlannedObject,
  countInto,
  decideAction,
  emptyPlan,
  transfers,
} from './decide.js';
import { PlannedParts } from './expected-losses.js';
import { mergeWithTarget, objectsNotIn } from './merge.js';
import { PlannedClasses, RefusableKeys } from './key-classes.js';
import { SelectedIndex } from './selected-index.js';
import { ShownObjects } from './shown-objects.js';
import { TargetComparison } from './target-comparison.js';

export interface PlannerContext {
  store: ObjectStore;
  backup: OpenBackup;
  faults: RunFaults;
  selection: RestoreSelection;
  onConflict: OnConflict;
  /** Whether objects are restored, and not only bucket documents. */
  objects: boolean;
  deleteExtra: boolean;
  /** Whether a person confirms the plan. The objects that it shows as lost are then remembered. */
  confirms: boolean;
  /** What an earlier plan of the same restore showed as lost: only that may be, whatever this one finds. */
  shown?: ShownObjects | undefined;
  /** Why no listing of the target from a key on is to be trusted, if that is known. */
  doubts: string | undefined;
  signal: AbortSignal;
  warn: (line: string) => void;
}

/**
 * Plans a restore by comparing the selected part of a backup with the target. Only counts and the
 * first names are kept, so that a plan may have millions of objects. The comparison is repeated,
 * object by object, while the plan is carried out.
 */
export class RestorePlanner {
  readonly needed: Set<string>;
  /** Keys that a target may refuse. This and the next four fields are complete after `plan`. */
  readonly refusable = new RefusableKeys();
  /** Keys that a target may store under other names. */
  readonly classes = new PlannedClasses();
  /** Parts of objects that a target may not keep. */
  readonly parts = new PlannedParts();
  readonly destroyed = new DestroyedList();
  /** All objects that the plan shows as lost; `undefined` if nobody confirms it. */
  readonly shown: ShownObjects | undefined;
  readonly failures: RestoreFailure[] = [];
  readonly listing: SelectedListing;
  readonly #context: PlannerContext;
  readonly #index: SelectedIndex;
  readonly #target: TargetComparison;
  /**
   * The latest modification in each target bucket at the time of planning, by the target's clock.
   */
  readonly #lastModifiedMs = new Map<string, number>();

  constructor(context: PlannerContext) {
    const { store, backup, faults, selection, signal } = context;
    this.#context = context;
    this.shown = context.shown ?? (context.confirms ? new ShownObjects() : undefined);
    this.listing = new SelectedListing({ ...context, listings: new OrderedListings(store) });
    this.needed = new Set([backup.id]);
    this.#index = new SelectedIndex(backup, selection, signal);
    this.#target = new TargetComparison({ store, listing: this.listing, faults, signal });
  }

  /** Plans each bucket. Rejects with `not_found` if the backup lacks something selected. */
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
    if (this.#context.objects && this.failures.length === 0) this.#index.refuseUnmatched();
    return plans;
  }

  /** Yields the action for each selected object of a bucket, in index order. */
  async *objectsOf(bucket: SelectedBucket, targetExists: boolean): AsyncGenerator<PlannedObject[]> {
    const listing = targetExists ? this.#target.listingOf(bucket) : nothing();
    yield* this.#decideAll(bucket, listing);
  }

  /** Yields the objects that only the target has, except those written after the planning. */
  async *extrasOf(bucket: SelectedBucket): AsyncGenerator<ListedObject[]> {
    const lastMs = this.#lastModifiedMs.get(bucket.target) ?? -Infinity;
    const lines = this.#index.linesOf(bucket.name);
    for await (const page of objectsNotIn(lines, this.#target.listingOf(bucket))) {
      yield page.filter(({ lastModified }) => Date.parse(lastModified) <= lastMs);
    }
  }

  /** Whether the error concerns the backup, with a damaged index, and not the target. */
  isBackupError(error: unknown): boolean {
    return this.#index.isOwnError(error);
  }

  /** Turns a bucket that cannot be planned into a failure, so that the others continue. */
  async #unlessFailed(
    { name, target }: SelectedBucket,
    work: () => Promise<BucketPlan>,
  ): Promise<BucketPlan> {
    const { faults, signal } = this.#context;
    if (!isBucketName(target)) {
      const reason = `${JSON.stringify(target)} is not a valid bucket name: choose another with --as`;
      this.failures.push({ bucket: target, key: '', reason });
      return { ...emptyPlan(name, target, false), failed: reason };
    }
    try {
      return await work();
    } catch (error) {
      if (this.isBackupError(error)) throw error;
      const failure = await faults.classify(target, error, signal);
      const reason = `the bucket was not restored: ${failure.message}`;
      this.failures.push({ bucket: target, key: '', ...failureFields(failure), reason });
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
    const listing = exists ? this.#target.listingOf(bucket) : nothing();
    for await (const page of this.#decideAll(bucket, counted(listing, plan))) {
      for (const planned of page) await this.#count(plan, planned);
      onObjects(objectsOf(plan));
    }
    if (exists && deleteExtra) plan.delete = await this.#countExtras(bucket);
    return plan;
  }

  /** Forgets a bucket that is planned again, or has failed. */
  async #forget(target: string): Promise<void> {
    await this.#recorded?.forget(target);
    this.destroyed.forget(target);
    this.classes.forget(target);
    this.parts.forget(target);
  }

  /** What this plan shows; `undefined` where nobody confirms it, or confirmed an earlier one. */
  get #recorded(): ShownObjects | undefined {
    return this.#context.shown === undefined ? this.shown : undefined;
  }

  async *#decideAll(
    { name, target: bucket }: SelectedBucket,
    listing: AsyncIterable<ListedObject[]>,
  ): AsyncGenerator<PlannedObject[]> {
    for await (const page of mergeWithTarget(this.#index.linesOf(name), listing)) {
      const planned: PlannedObject[] = [];
      for (const { line, target } of page) planned.push(await this.#decide(bucket, line, target));
      yield planned;
    }
  }

  async #decide(
    bucket: string,
    line: IndexLine,
    target: ListedObject | undefined,
  ): Promise<PlannedObject> {
    if (target === undefined) return { line, action: decideAction('absent', 'overwrite') };
    const likeness = await this.#target.compare(bucket, line, target);
    return { line, action: decideAction(likeness, this.#context.onConflict), target };
  }

  async #count(plan: BucketPlan, planned: PlannedObject): Promise<void> {
    countInto(plan, planned);
    const { line, action, target } = planned;
    this.#index.recordMatch(line.key);
    if (!transfers(action)) return;
    this.needed.add(line.archive);
    this.refusable.add(plan.target, line.key);
    this.classes.add(plan.target, line.key, line.size);
    this.parts.add(plan.target, line);
    if (action !== 'overwrite' || target === undefined) return;
    this.destroyed.add(plan.target, action, { key: line.key, size: target.sizeBytes });
    await this.#recorded?.add(plan.target, action, target);
  }

  async #countExtras(bucket: SelectedBucket): Promise<number> {
    const { name, target } = bucket;
    let extras = 0;
    const listing = this.#noteLastModified(target, this.#target.listingOf(bucket));
    for await (const page of objectsNotIn(this.#index.linesOf(name), listing)) {
      extras += page.length;
      for (const extra of page) {
        this.destroyed.add(target, 'delete', { key: extra.key, size: extra.sizeBytes });
        await this.#recorded?.add(target, 'delete', extra);
      }
    }
    return extras;
  }

  async *#noteLastModified(
    target: string,
    pages: AsyncIterable<ListedObject[]>,
  ): AsyncGenerator<ListedObject[]> {
    for await (const page of pages) {
      for (const { lastModified } of page) {
        const known = this.#lastModifiedMs.get(target) ?? -Infinity;
        this.#lastModifiedMs.set(target, Math.max(known, Date.parse(lastModified)));
      }
      yield page;
    }
  }
}

async function* counted(
  pages: AsyncIterable<ListedObject[]>,
  plan: BucketPlan,
): AsyncGenerator<ListedObject[]> {
  for await (const page of pages) {
    plan.listed += page.length;
    yield page;
  }
}

function objectsOf({ create, overwrite, unchanged, skip, conflict }: BucketPlan): number {
  return create + overwrite + unchanged + skip + conflict;
}

// oxlint-disable-next-line typescript/require-await -- it stands in for a listing
async function* nothing(): AsyncGenerator<ListedObject[]> {
  yield [];
}
