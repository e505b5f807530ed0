import type { IndexLine } from '../../archive/index-line.js';
import { type KeySelection, rangesOf, selectLines, selectsAll } from '../../archive/select.js';
import type { MangamotionError } from '../../errors.js';
import { SpilledList } from '../../files/spill.js';
import { OrderedListings, inOrder } from '../../object-store/order/ordered-listings.js';
import { listToTheEnd } from '../../object-store/order/listing-to-the-end.js';
import type { ListedObject, ObjectStore } from '../../object-store/port.js';
import { RunFaults } from '../../object-store/run-faults.js';
import { prefetchInOrder } from '../../prefetch.js';
import { holdsObjects } from '../../repository/lines/lines.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import type { OpenCommitted } from '../../repository/open-backup.js';
import { openWithFailures } from '../../repository/whole-summary.js';
import { compareListed, listedState, stateOf } from './compare-records.js';
import type { Diff } from './diff-backups.js';
import { KnownFailures } from './failures-of.js';
import { type ListedPair, mergeListing } from './merge-listing.js';
import { notesOfStore } from './notes.js';
import { refuseLegacy } from './refuse-legacy.js';
import type { DiffRow } from './row.js';
import {
  type BucketSide,
  type DiffSelection,
  type Scope,
  bucketRow,
  leavesOutNamed,
  scopeOf,
  sideOf,
} from './scope.js';
import { storeSide } from './store-buckets.js';
import { Totals } from './totals.js';
import { selectChunks } from './unshared-chunks.js';

export interface StoreContext {
  store: ObjectStore;
  signal: AbortSignal;
  now: () => Date;
}

/** Compares a backup with the listings of the store as it is now. */
export async function diffWithStore(
  context: StoreContext,
  located: LocatedBackup,
  selection: DiffSelection,
): Promise<Diff> {
  refuseLegacy(located);
  const backup = await openWithFailures(located);
  try {
    const before = sideOf(backup.summary, backup.directory);
    const after = await storeSide(context, located.destination, before, selection.buckets);
    const scope = scopeOf(before, after, selection);
    return new StoreDiff(context, { backup, before, after, scope, selection });
  } catch (error) {
    await backup.archives.close();
    throw error;
  }
}

interface Compared {
  backup: OpenCommitted;
  before: BucketSide;
  after: BucketSide;
  scope: Scope;
  selection: DiffSelection;
}

class StoreDiff implements Diff {
  readonly rows: AsyncGenerator<DiffRow>;
  readonly totals = new Totals();
  readonly notes: string[];
  readonly #context: StoreContext;
  readonly #compared: Compared;
  readonly #failures: KnownFailures;
  readonly #listings: OrderedListings;
  readonly #faults: RunFaults;
  readonly #startedAt: Date;
  #missesListing = false;

  constructor(context: StoreContext, compared: Compared) {
    const { store, now } = context;
    const { summary } = compared.backup;
    this.#context = context;
    this.#compared = compared;
    this.#failures = new KnownFailures(summary);
    this.#listings = new OrderedListings(store);
    this.#faults = new RunFaults(store, compared.scope.buckets);
    this.#startedAt = now();
    this.notes = notesOfStore(summary, store.endpoint);
    if (this.#failures.omitted !== undefined) this.notes.push(this.#failures.omitted);
    this.rows = this.#allRows();
  }

  get notCompared(): Diff['notCompared'] {
    return this.#compared.scope.notCompared;
  }

  get comparesObjects(): boolean {
    return holdsObjects(this.#compared.backup.summary);
  }

  get leavesOut(): boolean {
    const { scope, selection } = this.#compared;
    return !this.comparesObjects || leavesOutNamed(scope.notCompared, selection);
  }

  async close(): Promise<void> {
    await this.#compared.backup.archives.close();
  }

  async *#allRows(): AsyncGenerator<DiffRow> {
    const { backup, scope, selection } = this.#compared;
    try {
      let objects = 0;
      for (const bucket of scope.buckets) {
        for await (const row of this.#rowsOf(bucket)) {
          this.totals.add(row);
          yield row;
        }
        objects += backup.directory.buckets.find(({ name }) => name === bucket)?.objects ?? 0;
      }
      const isCounted = selectsAll(selection) && holdsObjects(backup.summary);
      if (isCounted && !this.#missesListing) this.totals.countUnchanged(objects);
    } finally {
      await this.close();
    }
  }

  async *#rowsOf(bucket: string): AsyncGenerator<DiffRow> {
    const { backup, before, after, selection } = this.#compared;
    const isThere = after.buckets.includes(bucket);
    /** Rows that may prove wrong until the listing of their bucket has ended. */
    const held = new SpilledList<DiffRow>();
    try {
      let rewritten = 0;
      let failure: MangamotionError | undefined;
      if (holdsObjects(backup.summary)) {
        await inOrder(
          async () => {
            await held.clear();
            ({ rewritten, failure } = await this.#compareBucket(bucket, isThere, held));
          },
          ({ message, remedy }) => this.#addNote(`${message}; ${remedy}`),
        );
      }
      const doubt = this.#failures.ofBucket(bucket) ?? failure?.message;
      if (selectsAll(selection) || failure !== undefined) {
        const row = bucketRow(bucket, [before, after], doubt);
        if (row !== undefined) yield row;
      }
      if (failure !== undefined) {
        this.#missesListing = true;
        return;
      }
      yield* held.read();
      this.totals.counts.unchanged.rewritten += rewritten;
    } finally {
      await held.clear();
    }
  }

  /** Resolves to the failure, if the bucket could not be listed to its end. */
  async #compareBucket(
    bucket: string,
    isThere: boolean,
    held: SpilledList<DiffRow>,
  ): Promise<{ rewritten: number; failure: MangamotionError | undefined }> {
    const { selection } = this.#compared;
    const listing = new Listing();
    let rewritten = 0;
    const listed = isThere ? this.#list(bucket, selection, listing) : nothing();
    for await (const pair of mergeListing(this.#linesOf(bucket), listed)) {
      // A listing that breaks off makes all that follow seem removed.
      if (listing.failure !== undefined) break;
      const found = rowOf(bucket, pair, this.#failures);
      if (found === 'rewritten') rewritten += 1;
      else if (found !== undefined) await held.add(found);
    }
    return { rewritten, failure: listing.failure };
  }

  async *#list(
    bucket: string,
    selection: KeySelection,
    outcome: Listing,
  ): AsyncGenerator<readonly ListedObject[]> {
    const { store, signal } = this.#context;
    const onDoubt = (doubt: string) => this.#addNote(doubtText(doubt, bucket));
    const context = { store, listings: this.#listings, startedAt: this.#startedAt, onDoubt };
    try {
      for (const range of rangesOf(selection)) {
        const prefix = 'prefix' in range && range.prefix !== '' ? range.prefix : undefined;
        yield* listToTheEnd(context, bucket, { prefix, signal });
      }
    } catch (error) {
      if (this.#listings.isUnreliable(error)) throw error;
      outcome.failure = await this.#faults.classify(bucket, error, signal);
    }
  }

  #addNote(note: string): void {
    if (!this.notes.includes(note)) this.notes.push(note);
  }

  async *#linesOf(bucket: string): AsyncGenerator<IndexLine[]> {
    const { backup, selection } = this.#compared;
    const { signal } = this.#context;
    const chunks = selectChunks(backup.directory.chunks, [bucket], selection, false);
    const read = prefetchInOrder(
      pageOf(chunks),
      AHEAD,
      ({ size }) => size,
      async (chunk) => {
        return (await backup.archives.of(chunk.archive)).readChunk(chunk);
      },
    );
    for await (const { result: lines } of read) {
      signal.throwIfAborted();
      yield selectLines(lines, bucket, selection);
    }
  }
}

/** Decoded lines take about twice the memory of their bytes: one chunk is read ahead. */
const AHEAD = { maxRequests: 1, maxBytes: 12 * 1024 * 1024 };

/** How a listing ended. */
class Listing {
  failure: MangamotionError | undefined;
}

function rowOf(
  bucket: string,
  { line, listed }: ListedPair,
  failures: KnownFailures,
): DiffRow | 'rewritten' | undefined {
  const key = line?.key ?? listed?.key ?? '';
  const row: DiffRow = {
    ...{ change: 'unknown', kind: 'object', bucket, key, document: null, what: [] },
    before: line === undefined ? null : stateOf(line),
    after: listed === undefined ? null : listedState(listed),
    reason: null,
  };
  const doubt = failures.ofObject({ bucket, key });
  if (doubt !== undefined && doubt.parts === undefined) return { ...row, reason: doubt.reason };
  if (line === undefined) {
    const why = failures.whyAbsent({ bucket, key });
    return why === undefined ? { ...row, change: 'added' } : { ...row, reason: why };
  }
  if (listed === undefined) return { ...row, change: 'removed' };
  switch (compareListed(line, listed)) {
    case 'different':
      return { ...row, change: 'changed', what: ['bytes'] };
    case 'undecided':
      return { ...row, what: ['bytes'], reason: UNDECIDED };
    case 'same': {
      const isSameTime = Date.parse(line.last_modified) === Date.parse(listed.lastModified);
      return isSameTime ? undefined : 'rewritten';
    }
  }
}

const UNDECIDED =
  'it was written again, and the ETag of a multipart upload or of an encrypted object does not tell whether the content is the same';

function doubtText(doubt: string, bucket: string): string {
  switch (doubt) {
    case 'ended_early':
      return `the server ended the listing of ${bucket} too early; it was continued past its end`;
    case 'start_after_ignored':
      return `the server ignores start-after, so it is unknown whether the listing of ${bucket} is complete`;
    default:
      return 'the server includes the key of start-after in a listing';
  }
}

// oxlint-disable-next-line typescript/require-await -- it stands in for a listing
async function* nothing(): AsyncGenerator<never> {
  yield* [];
}

// oxlint-disable-next-line typescript/require-await -- a list in memory
async function* pageOf<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
