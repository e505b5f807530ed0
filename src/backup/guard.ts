import { countOf, formatCount } from '../count-of.js';
import { compareKeys } from '../key-order.js';
import type { PartChanges, Suspicion } from '../repository/summary.js';

/** The guard finds changes since the last trusted backup that look like an accident. Pure. */

export interface GuardOptions {
  /** Treat any number of deletions as intended. */
  acceptDeletions: boolean;
  /** Treat any number of changed contents as intended. */
  acceptChanges: boolean;
  /** The percentage of a bucket's objects (1 to 100) that may be deleted at once, by bucket. */
  expectDeletions: ReadonlyMap<string, number>;
}

/** A bucket is suspect if more than this share of at least this many objects is gone. */
const MIN_OBJECTS = 100;
const MAX_SHARE = 0.25;
/** A change of more than this share of a bucket's objects gives a warning. */
const NOTABLE_SHARE = 0.5;
const MIN_NOTABLE_OBJECTS = 10;

/** Counts what happened to the objects of a bucket since the earlier backup. */
export interface BucketChanges {
  before: number;
  /** Objects that are gone, proven by HEAD or assumed. */
  deleted: number;
  changed: number;
  /** Changed objects that are now empty, or share the commonest size and ETag, if more. */
  wiped: number;
}

/** Counts, by bucket, what happened to the objects of the earlier backup, in bounded memory. */
export class ChangeCounts {
  readonly #buckets = new Map<string, Counted>();

  kept(bucket: string, objects = 1): void {
    this.#of(bucket).before += objects;
  }

  deleted(bucket: string): void {
    const counts = this.#of(bucket);
    counts.before += 1;
    counts.deleted += 1;
  }

  changed(bucket: string, now: { sizeBytes: number; etag: string }): void {
    const counts = this.#of(bucket);
    counts.before += 1;
    counts.changed += 1;
    if (now.sizeBytes === 0) counts.empty += 1;
    if (now.etag !== '') counts.contents.add(`${now.sizeBytes} ${now.etag}`);
  }

  byBucket(): Map<string, BucketChanges> {
    return new Map(
      [...this.#buckets].map(([bucket, { before, deleted, changed, empty, contents }]) => {
        const wiped = Math.max(empty, contents.largest());
        return [bucket, { before, deleted, changed, wiped }];
      }),
    );
  }

  /** Returns what was counted, so that `add` can add it to the counts of other shards. */
  counted(): PartChanges[] {
    return [...this.#buckets].map(([bucket, { contents, ...counts }]) => ({
      ...{ bucket, ...counts },
      ...contents.commonest(),
    }));
  }

  /** Adds what was counted in another range of keys. */
  add({ bucket, before, deleted, changed, empty, contents, lowered }: PartChanges): void {
    const counts = this.#of(bucket);
    counts.before += before;
    counts.deleted += deleted;
    counts.changed += changed;
    counts.empty += empty;
    counts.contents.addCounted(contents, lowered);
  }

  #of(bucket: string): Counted {
    const known = this.#buckets.get(bucket);
    if (known !== undefined) return known;
    const fresh = { before: 0, deleted: 0, changed: 0, empty: 0, contents: new Frequent() };
    this.#buckets.set(bucket, fresh);
    return fresh;
  }
}

interface Counted {
  before: number;
  deleted: number;
  changed: number;
  empty: number;
  contents: Frequent;
}

const MAX_COUNTERS = 1000;
/** The contents that the manifest of a part names for each bucket. */
const MOST_IN_MANIFEST = 50;

/**
 * Counts the most frequent of many strings (Misra and Gries). The count is exact for up to a
 * thousand distinct strings; beyond that it is too high by at most a thousandth of the total.
 */
class Frequent {
  readonly #counters = new Map<string, number>();
  #lowered = 0;

  add(text: string): void {
    const count = this.#counters.get(text);
    if (count !== undefined || this.#counters.size < MAX_COUNTERS) {
      this.#counters.set(text, (count ?? 0) + 1);
      return;
    }
    this.#lowered += 1;
    for (const [other, left] of this.#counters) {
      if (left === 1) this.#counters.delete(other);
      else this.#counters.set(other, left - 1);
    }
  }

  /** Returns the highest counts, and what every other one may be too low by. */
  commonest(): Pick<PartChanges, 'contents' | 'lowered'> {
    const sorted = [...this.#counters].sort(([, a], [, b]) => b - a);
    const next = sorted[MOST_IN_MANIFEST]?.[1] ?? 0;
    const contents = sorted
      .slice(0, MOST_IN_MANIFEST)
      .map(([content, objects]) => ({ content, objects }));
    return { contents, lowered: this.#lowered + next };
  }

  /** Adds the counts of another instance. The result may be too high, and is never too low. */
  addCounted(contents: PartChanges['contents'], lowered: number): void {
    this.#lowered += lowered;
    for (const { content, objects } of contents) {
      this.#counters.set(content, (this.#counters.get(content) ?? 0) + objects);
    }
  }

  largest(): number {
    let most = 0;
    for (const count of this.#counters.values()) most = Math.max(most, count);
    return most + this.#lowered;
  }
}

/** Compares the counts of two summaries, for when the earlier index cannot be read. */
export function changesByCounts(
  before: readonly { name: string; objects: number }[],
  now: readonly { name: string; objects: number }[],
): Map<string, BucketChanges> {
  const left = new Map(now.map(({ name, objects }) => [name, objects]));
  return new Map(
    before.map(({ name, objects }) => {
      const deleted = Math.max(0, objects - (left.get(name) ?? 0));
      return [name, { before: objects, deleted, changed: 0, wiped: 0 }];
    }),
  );
}

/**
 * Returns the suspicious buckets: more than a quarter of at least a hundred objects were deleted or
 * wiped in place, or all objects were deleted.
 */
export function findSuspicious(
  changes: ReadonlyMap<string, BucketChanges>,
  options: GuardOptions,
): Suspicion[] {
  return [...changes]
    .filter(
      ([bucket, counts]) =>
        (!options.acceptDeletions && isLoss(counts, options.expectDeletions.get(bucket))) ||
        (!options.acceptChanges && isWiping(counts)),
    )
    .map(([bucket, { before, deleted, wiped }]) => ({
      bucket,
      before,
      deleted,
      ...(isWiping({ before, wiped }) ? { wiped } : {}),
    }))
    .sort((a, b) => compareKeys(a.bucket, b.bucket));
}

function isLoss({ before, deleted }: BucketChanges, expectedPercent: number | undefined): boolean {
  if (before === 0 || deleted === 0) return false;
  const share = expectedPercent === undefined ? MAX_SHARE : expectedPercent / 100;
  // If all objects of a bucket may be deleted, no deletion in it is suspicious.
  if (share >= 1) return false;
  return deleted === before || (before >= MIN_OBJECTS && deleted > before * share);
}

function isWiping({ before, wiped }: Pick<BucketChanges, 'before' | 'wiped'>): boolean {
  return before >= MIN_OBJECTS && wiped > before * MAX_SHARE;
}

/** Returns a warning for each bucket of which more than half was changed. */
export function notableChanges(changes: ReadonlyMap<string, BucketChanges>): string[] {
  return [...changes]
    .filter(
      ([, { before, changed }]) =>
        before >= MIN_NOTABLE_OBJECTS && changed > before * NOTABLE_SHARE,
    )
    .map(
      ([bucket, { before, changed }]) =>
        `${formatCount(changed)} of ${countOf(before, 'object')} of ${bucket} have changed since the last trusted backup`,
    )
    .sort();
}

export function deletedIn(changes: ReadonlyMap<string, BucketChanges>): number {
  return [...changes.values()].reduce((sum, { deleted }) => sum + deleted, 0);
}
