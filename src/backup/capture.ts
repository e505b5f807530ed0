import type { ArchiveWriter } from '../archive/writer.js';
import type { Bucket, ObjectStore } from '../object-store/port.js';
import type { ObjectFailure } from '../repository/summary.js';
import { Arena } from './arena.js';
import { DigestThread } from './digest-thread.js';
import { type Fetched, fetchWhole } from './fetch.js';
import { type ListedInBucket, listAll } from './listing.js';
import { prefetchInOrder } from '../prefetch.js';
import { streamObject } from './stream-object.js';

const PREFETCH_LIMITS = { mostRequests: 32, mostBytes: 16 * 1024 * 1024 };
/** For what is fetched and what still waits to be written. */
const ARENA_BYTES = 24 * 1024 * 1024;
/** Objects up to this size are fetched into memory; larger ones are streamed, one at a time. */
const LARGEST_PREFETCHED_BYTES = 8 * 1024 * 1024;
/** What a fetched object costs besides its bytes: names, headers, promises. */
const FIXED_WEIGHT_BYTES = 16 * 1024;

interface CaptureCounts {
  /** Objects that the listing named and whose turn has come. */
  total: number;
  captured: number;
  /** Captured, but not as they were listed: they were overwritten in between. */
  changed: number;
  vanished: number;
  /** Sum of the sizes of the captured objects. */
  bytes: number;
}

export interface CaptureResult extends CaptureCounts {
  failures: ObjectFailure[];
}

export interface CaptureContext {
  store: ObjectStore;
  writer: ArchiveWriter;
  signal: AbortSignal;
  onProgress: (counts: { objects: number; bytes: number }) => void;
}

/**
 * Copies every object of the buckets into the archive, in the order of the listing. An object that
 * cannot be read is named in the result and does not end the run; a store that is gone does.
 */
export async function captureObjects(
  context: CaptureContext,
  buckets: readonly Bucket[],
): Promise<CaptureResult> {
  const result: CaptureResult = {
    total: 0,
    captured: 0,
    changed: 0,
    vanished: 0,
    bytes: 0,
    failures: [],
  };
  // When writing fails, what is still being fetched is given up.
  const givenUp = new AbortController();
  const signal = AbortSignal.any([context.signal, givenUp.signal]);
  const { store } = context;
  const arena = new Arena(ARENA_BYTES);
  const digests = new DigestThread();
  try {
    const fetched = prefetchInOrder(
      listAll(store, buckets, signal),
      PREFETCH_LIMITS,
      ({ object }) => FIXED_WEIGHT_BYTES + (isPrefetched(object.sizeBytes) ? object.sizeBytes : 0),
      ({ bucket, object }): Promise<Fetched> =>
        isPrefetched(object.sizeBytes)
          ? fetchWhole({ store, arena, digests, signal }, bucket, object, LARGEST_PREFETCHED_BYTES)
          : Promise.resolve({ kind: 'stream' }),
    );
    for await (const { item, result: outcome } of fetched) {
      signal.throwIfAborted();
      count(result, item, await writeObject({ ...context, signal }, item, outcome, result));
      context.onProgress({ objects: result.total, bytes: result.bytes });
    }
  } finally {
    givenUp.abort();
    await digests.close();
  }
  return result;
}

function isPrefetched(sizeBytes: number): boolean {
  return sizeBytes <= LARGEST_PREFETCHED_BYTES;
}

/** What is left to count of an object once it is in the archive, or known not to be. */
export type Written =
  | { kind: 'captured'; bytes: number; changed: boolean }
  | { kind: 'vanished' }
  | { kind: 'failed'; reason: string };

async function writeObject(
  context: CaptureContext,
  { bucket, object }: ListedInBucket,
  fetched: Fetched,
  before: CaptureCounts,
): Promise<Written> {
  switch (fetched.kind) {
    case 'whole': {
      await context.writer.addWholeObject(fetched.record, [fetched.content], fetched.release);
      return { kind: 'captured', bytes: fetched.record.size, changed: fetched.changed };
    }
    case 'stream':
      return await streamObject(context, bucket, object, (bytes) =>
        context.onProgress({ objects: before.total, bytes: before.bytes + bytes }),
      );
    case 'vanished':
    case 'failed':
      return fetched;
  }
}

function count(result: CaptureResult, { bucket, object }: ListedInBucket, written: Written): void {
  result.total += 1;
  switch (written.kind) {
    case 'captured':
      result.captured += 1;
      result.bytes += written.bytes;
      if (written.changed) result.changed += 1;
      return;
    case 'vanished':
      result.vanished += 1;
      return;
    case 'failed':
      result.failures.push({ bucket, key: object.key, reason: written.reason });
      return;
  }
}
