import type { MangamotionError } from '../../errors.js';
import { compareKeys } from '../../key-order.js';
import type { OrderedListings } from '../../object-store/order/ordered-listings.js';
import type { Bucket, ListedObject, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';

export interface ListedInBucket {
  bucket: string;
  object: ListedObject;
}

export interface ListingContext {
  store: ObjectStore;
  listings: OrderedListings;
  faults: RunFaults;
  signal: AbortSignal;
  /** The time at which the run began. If the listing lacks a newer object, that does not make it wrong. */
  startedAt: Date;
}

/** The outcome of a run's listings, filled in while they are read. */
export class ListingReport {
  readonly failed = new Map<string, MangamotionError>();
  readonly notices = new Set<string>();
}

/**
 * Yields the objects of the buckets, one bucket after the other, each in key order. If a bucket
 * cannot be listed to its end, the report names it and the next one follows. Rejects with an error
 * that ends the run, or with `ListingUnreliable` if it must start over.
 */
export async function* listAll(
  context: ListingContext,
  buckets: readonly Pick<Bucket, 'name'>[],
  report: ListingReport,
): AsyncGenerator<ListedInBucket[]> {
  const { listings, faults, signal } = context;
  for (const { name } of buckets) {
    try {
      for await (const page of listToTheEnd(context, name, report)) {
        yield page.map((object) => ({ bucket: name, object }));
      }
    } catch (error) {
      if (listings.isUnreliable(error)) throw error;
      report.failed.set(name, await faults.classify(name, error, signal));
    }
  }
}

/**
 * Yields the listing of a bucket, and any objects that a further request finds after its last key:
 * some servers end a listing too early.
 */
async function* listToTheEnd(
  context: ListingContext,
  bucket: string,
  report: ListingReport,
): AsyncGenerator<readonly ListedObject[]> {
  let last: string | undefined;
  for await (const page of context.listings.list(bucket, { signal: context.signal })) {
    yield page;
    last = page.at(-1)?.key ?? last;
  }
  while (last !== undefined) {
    const page = await pageAfter(context, bucket, last, report);
    if (page.length === 0) return;
    yield page;
    last = page.at(-1)?.key;
  }
}

/** Resolves to the objects after the key; empty if there are none, or the server cannot tell. */
async function pageAfter(
  { store, listings, signal, startedAt }: ListingContext,
  bucket: string,
  last: string,
  report: ListingReport,
): Promise<readonly ListedObject[]> {
  const { objects } = await store.listPage(bucket, { startAfter: last, signal });
  // A server that includes the key, or ignores the parameter, returns known objects.
  const after = objects.filter(({ key }) => compareKeys(key, last) > 0);
  if (after.length === 0) {
    const known = objects.length;
    if (known > 1) {
      report.notices.add(
        `the server ignores start-after, so it is unknown whether the listing of ${bucket} is complete`,
      );
    } else if (known === 1) {
      report.notices.add('the server includes the key of start-after in a listing');
    }
    return after;
  }
  const isNews = after.every(({ lastModified }) => Date.parse(lastModified) >= +startedAt);
  if (!isNews) {
    report.notices.add(
      `the server ended the listing of ${bucket} too early; it was continued past its end`,
    );
  }
  return listings.inOrder(bucket, after);
}

/**
 * Counts the objects while the backup runs, to estimate the remaining time and the space needed.
 */
export async function countAll(
  store: ObjectStore,
  buckets: readonly Pick<Bucket, 'name'>[],
  signal: AbortSignal,
): Promise<{ objects: number; bytes: number }> {
  let objects = 0;
  let bytes = 0;
  for (const { name } of buckets) {
    for await (const page of store.listObjects(name, { signal })) {
      objects += page.length;
      for (const object of page) bytes += object.sizeBytes;
    }
  }
  return { objects, bytes };
}
