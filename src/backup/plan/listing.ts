import type { MangamotionError } from '../../errors.js';
import { type ListingDoubt, listToTheEnd } from '../../object-store/order/listing-to-the-end.js';
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
      for await (const page of listBucket(context, name, report)) {
        yield page.map((object) => ({ bucket: name, object }));
      }
    } catch (error) {
      if (listings.isUnreliable(error)) throw error;
      report.failed.set(name, await faults.classify(name, error, signal));
    }
  }
}

/** Yields the listing of a bucket, and notes in the report what the server does. */
function listBucket(
  { store, listings, signal, startedAt }: ListingContext,
  bucket: string,
  { notices }: ListingReport,
): AsyncGenerator<readonly ListedObject[]> {
  const onDoubt = (doubt: ListingDoubt) => notices.add(describeDoubt(doubt, bucket));
  return listToTheEnd({ store, listings, startedAt, onDoubt }, bucket, { signal });
}

export function describeDoubt(doubt: ListingDoubt, bucket: string): string {
  switch (doubt) {
    case 'ended_early':
      return `the server ended the listing of ${bucket} too early; it was continued past its end`;
    case 'start_after_ignored':
      return `the server ignores start-after, so it is unknown whether the listing of ${bucket} is complete`;
    case 'start_after_included':
      return 'the server includes the key of start-after in a listing';
  }
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
