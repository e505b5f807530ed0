import { countOf, formatCount } from '../../count-of.js';
import { isMangamotionError } from '../../errors.js';
import { inOrder } from '../../object-store/order/ordered-listings.js';
import type { ListedObject, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import { prefetchInOrder } from '../../prefetch.js';
import { type Discrepancy, compareWritten, isAsWritten } from './compare-written.js';
import type { SelectedListing } from '../selected-listing.js';
import type { RestoreSelection, SelectedBucket } from '../selection.js';
import { findListed } from '../target-listing.js';
import type { WrittenObject, WrittenObjects } from '../written.js';

export interface ProofContext {
  store: ObjectStore;
  listing: SelectedListing;
  faults: RunFaults;
  signal: AbortSignal;
}

/** Below this share of a bucket, keys are looked up one by one. */
const FEW = 0.01;
const LISTED_AT_ONCE = { maxRequests: 16, maxBytes: 1024 };

/** The most missing objects for which a reason is determined. */
const MAX_EXPLAINED = 1000;
const MAX_FAILURES = 10_000;
/** Clocks differ, and some listings round to seconds. */
const CLOCK_TOLERANCE_MS = 2_000;

export interface Unproven {
  named: { key: string; sizeBytes: number; reason: string }[];
  omitted: number;
  omittedBytes: number;
}

/**
 * Compares the written objects of a bucket with the target's listing. Resolves to those that are
 * not listed as written. A few keys of a large bucket are looked up one by one. Rejects if the
 * target cannot be listed.
 */
export async function proveWritten(
  context: ProofContext,
  { name, target: bucket }: SelectedBucket,
  { written, selection, listedBefore, begunAtMs }: ProofOptions,
): Promise<Unproven> {
  const { store, listing, signal } = context;
  if (written.count === 0) return { named: [], omitted: 0, omittedBytes: 0 };
  const onlyKeys = selection.keys.length > 0 && selection.prefixes.length === 0;
  const few = onlyKeys || written.count < listedBefore * FEW;
  return await inOrder(
    async () => {
      const found = new Findings(begunAtMs);
      const discrepancies = few
        ? oneByOne(context, bucket, written.read())
        : compareWritten(
            written.read(),
            listing.of({ name, target: bucket }, (of, key) => findListed(store, of, key, signal)),
          );
      for await (const discrepancy of discrepancies) found.add(discrepancy);
      return await found.explain(context, bucket);
    },
    () => undefined,
  );
}

export interface ProofOptions {
  written: WrittenObjects;
  selection: RestoreSelection;
  /** Objects in the target bucket when the plan was made. */
  listedBefore: number;
  /** The time at which the restore of the bucket began, in ms since 1970. */
  begunAtMs: number;
}

async function* oneByOne(
  { store, signal }: ProofContext,
  bucket: string,
  written: AsyncIterable<WrittenObject>,
): AsyncGenerator<Discrepancy> {
  const lookups = prefetchInOrder(
    singly(written),
    LISTED_AT_ONCE,
    () => 1,
    async ({ key }) => await findListed(store, bucket, key, signal),
  );
  for await (const { item, result: listed } of lookups) {
    if (listed === undefined) yield { kind: 'missing', written: item };
    else if (!isAsWritten(item, listed)) yield { kind: 'different', written: item, listed };
  }
}

async function* singly<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  for await (const item of items) yield [item];
}

/** Collects discrepancies and their reasons, in bounded memory. */
class Findings {
  readonly #begunAtMs: number;
  readonly #missing: WrittenObject[] = [];
  readonly #different: Unproven['named'] = [];
  #omitted = 0;
  #omittedBytes = 0;
  /** New objects that were not written here, by size and ETag: one may be a renamed object. */
  readonly #others = new Map<string, string>();

  constructor(begunAtMs: number) {
    this.#begunAtMs = begunAtMs;
  }

  add(discrepancy: Discrepancy): void {
    if (discrepancy.kind === 'other') {
      this.#remember(discrepancy.listed);
      return;
    }
    const { written } = discrepancy;
    const { key, sizeBytes } = written;
    if (this.#missing.length + this.#different.length >= MAX_FAILURES) {
      this.#omitted += 1;
      this.#omittedBytes += sizeBytes;
    } else if (discrepancy.kind === 'missing') this.#missing.push(written);
    else {
      const reason = whyDifferent(written, discrepancy.listed);
      this.#different.push({ key, sizeBytes, reason });
    }
  }

  async explain(context: ProofContext, bucket: string): Promise<Unproven> {
    const named = [...this.#different];
    for (const [at, written] of this.#missing.entries()) {
      const reason =
        at < MAX_EXPLAINED ? await this.#whyMissing(context, bucket, written) : NOT_LISTED;
      named.push({ key: written.key, sizeBytes: written.sizeBytes, reason });
    }
    return { named, omitted: this.#omitted, omittedBytes: this.#omittedBytes };
  }

  #remember({ key, sizeBytes, etag, lastModified }: ListedObject): void {
    const isNew = Date.parse(lastModified) >= this.#begunAtMs - CLOCK_TOLERANCE_MS;
    if (!isNew || etag === '' || this.#others.size >= MAX_FAILURES) return;
    this.#others.set(nameOf(sizeBytes, etag), key);
  }

  async #whyMissing(
    { store, faults, signal }: ProofContext,
    bucket: string,
    written: WrittenObject,
  ): Promise<string> {
    const other = this.#others.get(nameOf(written.sizeBytes, written.etag));
    if (other !== undefined) {
      return `${NOT_LISTED}: the target seems to have stored it as ${JSON.stringify(other)}`;
    }
    try {
      const expectedBytes = written.sizeBytes;
      const head = await store.headObject(bucket, written.key, { signal, expectedBytes });
      const same = isAsWritten(written, { ...head, key: written.key });
      return same
        ? `${NOT_LISTED}: a HEAD request finds it, but the listing leaves it out`
        : NOT_LISTED;
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) return NOT_LISTED;
      await faults.classify(bucket, error, signal);
      return NOT_LISTED;
    }
  }
}

const NOT_LISTED = 'not listed after it was written';

function nameOf(sizeBytes: number, etag: string): string {
  return `${sizeBytes} ${etag}`;
}

function whyDifferent(written: WrittenObject, listed: ListedObject): string {
  const what =
    written.sizeBytes === listed.sizeBytes
      ? `ETag ${listed.etag} instead of ${written.etag}`
      : `${countOf(listed.sizeBytes, 'byte')} instead of ${formatCount(written.sizeBytes)}`;
  const since =
    Date.parse(listed.lastModified) > written.writtenAtMs
      ? `: overwritten since, at ${listed.lastModified}`
      : '';
  return `listed with ${what} after it was written${since}`;
}
