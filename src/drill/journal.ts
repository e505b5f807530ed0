import { MangamotionError, messageOf } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import type { BucketPlace } from '../repository/backup-files.js';
import { makeBuckets, removeBuckets, removeMarkers } from './buckets.js';
import type { DrillContext } from './context.js';
import { JOURNAL_FOLDER, bucketNamesOf, decodeEntry, isOfThatTime } from './journal-entry.js';
import { type EntryContext, OwnEntry, type StaleEntry } from './own-entry.js';
import { clearStaleRehearsal } from './clear-rehearsal.js';

export interface JournalContext extends EntryContext {
  /** The server that has the buckets. */
  store: ObjectStore;
  /** The begin of the names of its buckets; may be empty. */
  prefix: string;
  /** Where the destination lies, if it is in a bucket: ransom drills have places in it. */
  destination: BucketPlace | undefined;
  warn: (line: string) => void;
}

/** Returns the journal of the destination of a drill, for buckets of a store. */
export function journalOf(
  { destination, owner, now, signal, warn }: DrillContext,
  store: ObjectStore,
  prefix: string,
): JournalContext {
  return {
    ...{ claims: destination.claims(JOURNAL_FOLDER), destination: destination.files().place },
    ...{ store, prefix, owner, now, signal, warn },
  };
}

/** The buckets of a drill. */
export interface DrillPlace {
  buckets: string[];
  /** Aborted if another drill took this one for dead. */
  signal: AbortSignal;
  /** Removes the buckets and then the entry. Rejects if something could not be removed. */
  remove(): Promise<void>;
  /** Forgets the buckets, so that they stay. */
  keep(): Promise<void>;
}

/**
 * Clears what dead drills left, writes the names of new buckets into the journal, and makes them.
 * When this rejects, nothing stays behind but what a later drill clears.
 */
export async function openPlace(context: JournalContext, count: number): Promise<DrillPlace> {
  const { prefix, store } = context;
  const entry = new OwnEntry(context, { server: store.endpoint, prefix, buckets: count });
  const own = new OwnBuckets(context, entry);
  await entry.put('named');
  try {
    await clearStale(context, entry);
    await refuseExisting(context, own.buckets);
    await entry.put('making');
    await makeBuckets(context.store, entry.drill, own.signal, own.made);
  } catch (error) {
    await own.remove().catch((left: unknown) => context.warn(messageOf(left)));
    throw error;
  }
  return own;
}

/** Clears what dead drills left. Warns of what cannot be removed, which stays in the journal. */
export async function clearStale(context: JournalContext, own: OwnEntry): Promise<void> {
  const { entries, nowMs } = await own.staleEntries();
  for (const stale of entries) await clearEntry(context, stale, nowMs);
}

async function refuseExisting(
  { store, signal }: JournalContext,
  buckets: readonly string[],
): Promise<void> {
  for (const bucket of buckets) {
    if (!(await store.bucketExists(bucket, { signal }))) continue;
    throw new MangamotionError(
      'refused',
      `the bucket ${bucket} exists, and this drill has not made it: it is left alone`,
      { hint: 'Run the drill again: the names of its buckets are random.' },
    );
  }
}

/** Removes the buckets of a dead drill that bear its marker, or its place, and then its entry. */
async function clearEntry(
  context: JournalContext,
  stale: StaleEntry,
  nowMs: number,
): Promise<void> {
  const { store, claims, warn } = context;
  const entry = decodeEntry(stale.content);
  // A copy of an entry under another name is not renewed: the drill that it names may live.
  if (entry?.drill.run !== stale.name) {
    warn(`the journal of drills has the entry ${stale.name}, which cannot be read: it stays`);
    return;
  }
  const { drill } = entry;
  if (drill.rehearsal !== undefined) {
    if (await clearStaleRehearsal(context, drill, nowMs)) await claims.remove(stale.name);
    return;
  }
  if (drill.phase === 'making' && drill.server !== store.endpoint) {
    warn(
      `an interrupted drill left buckets on ${drill.server}: the next drill that uses that server removes them`,
    );
    return;
  }
  if (drill.phase === 'making') {
    const { foreign, left } = await removeBuckets(store, drill, (_, createdAt) =>
      isOfThatTime(entry, { modifiedAtMs: stale.modifiedAtMs, createdAt }),
    );
    for (const bucket of foreign) {
      warn(`the bucket ${bucket} was not made by a drill, although its journal names it: it stays`);
    }
    for (const line of left) warn(line);
    if (left.length > 0) return;
  }
  await claims.remove(stale.name);
}

class OwnBuckets implements DrillPlace {
  /** The buckets that this drill has made, or may have made. */
  readonly made = new Set<string>();
  readonly #context: JournalContext;
  readonly #entry: OwnEntry;

  constructor(context: JournalContext, entry: OwnEntry) {
    this.#context = context;
    this.#entry = entry;
  }

  get buckets(): string[] {
    return bucketNamesOf(this.#entry.drill);
  }

  get signal(): AbortSignal {
    return this.#entry.signal;
  }

  async remove(): Promise<void> {
    await this.#entry.stop();
    const { store } = this.#context;
    const { drill } = this.#entry;
    if (drill.phase === 'making') {
      const { foreign, left } = await removeBuckets(store, drill, (bucket) =>
        this.made.has(bucket),
      );
      for (const bucket of foreign.filter((name) => this.made.has(name))) {
        this.#context.warn(`the bucket ${bucket} has lost the marker of the drill: it stays`);
      }
      if (left.length > 0) {
        throw new MangamotionError('partial', left.join('; '), {
          hint: 'The next drill removes what the journal names. Until then it takes space.',
        });
      }
    }
    await this.#entry.forget();
  }

  async keep(): Promise<void> {
    await this.#entry.stop();
    const { store, warn } = this.#context;
    await removeMarkers(store, this.#entry.drill).catch((error: unknown) => {
      warn(`a marker of the drill stays in its buckets: ${messageOf(error)}`);
    });
    await this.#entry.forget();
  }
}
