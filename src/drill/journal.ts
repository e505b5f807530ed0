import { randomBytes } from 'node:crypto';
import { MangamotionError, messageOf } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import type { ClaimStore, LockOwner } from '../lock/claim.js';
import { readClaims } from '../lock/read-claims.js';
import { LOCK_TIMING } from '../lock/timing.js';
import { makeBuckets, removeBuckets, removeMarkers } from './buckets.js';
import {
  type DrillFields,
  type JournalEntry,
  LONGEST_DRILL_MS,
  bucketNamesOf,
  decodeEntry,
  encodeEntry,
  isOfThatTime,
} from './journal-entry.js';

export interface JournalContext {
  /** The journal at the destination. */
  claims: ClaimStore;
  /** The server that has the buckets. */
  store: ObjectStore;
  /** The begin of the names of its buckets; may be empty. */
  prefix: string;
  owner: LockOwner;
  now: () => Date;
  signal: AbortSignal;
  warn: (line: string) => void;
  /** For tests. */
  timing?: { leaseMs: number; heartbeatMs: number };
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
  const own = new OwnEntry(context, count);
  await own.put('named');
  try {
    for (const stale of await own.staleEntries()) await clearEntry(context, stale);
    await refuseExisting(context, own.buckets);
    await own.put('making');
    await makeBuckets(context.store, own.drill, own.signal, own.made);
  } catch (error) {
    await own.remove().catch((left: unknown) => context.warn(messageOf(left)));
    throw error;
  }
  return own;
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

interface StaleEntry {
  name: string;
  content: string | undefined;
  modifiedAtMs: number;
}

/** Removes the buckets of a dead drill that bear its marker, and then its entry. */
async function clearEntry(context: JournalContext, stale: StaleEntry): Promise<void> {
  const { store, claims, warn } = context;
  const entry = decodeEntry(stale.content);
  // A copy of an entry under another name is not renewed: the drill that it names may live.
  if (entry?.drill.run !== stale.name) {
    warn(`the journal of drills has the entry ${stale.name}, which cannot be read: it stays`);
    return;
  }
  const { drill } = entry;
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

/** The entry of this drill: it is renewed as long as the drill lives. */
class OwnEntry implements DrillPlace {
  readonly drill: DrillFields;
  /** The buckets that this drill has made, or may have made. */
  readonly made = new Set<string>();
  readonly #context: JournalContext;
  readonly #since: string;
  readonly #taken = new AbortController();
  readonly #timing: { leaseMs: number; heartbeatMs: number };
  #heartbeat: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(context: JournalContext, buckets: number) {
    this.#context = context;
    this.#timing = context.timing ?? LOCK_TIMING;
    this.#since = context.now().toISOString();
    this.drill = {
      run: randomBytes(10).toString('hex'),
      token: randomBytes(32).toString('hex'),
      server: context.store.endpoint,
      prefix: context.prefix,
      buckets,
      phase: 'named',
      place: context.claims.location,
    };
  }

  get buckets(): string[] {
    return bucketNamesOf(this.drill);
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#context.signal, this.#taken.signal]);
  }

  async put(phase: DrillFields['phase']): Promise<void> {
    this.drill.phase = phase;
    await this.#write(this.#context.signal);
    this.#heartbeat ??= setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#renew());
    }, this.#timing.heartbeatMs).unref();
  }

  /** Resolves to the entries of other drills that are dead, or that have not renewed them in time. */
  async staleEntries(): Promise<StaleEntry[]> {
    const { own, stale } = await this.#read();
    if (own === undefined) return [];
    this.drill.named_at = new Date(own.modifiedAtMs).toISOString();
    return stale.filter((entry) => entry.ownerIsDead || !this.#mayBeCopied(entry, own));
  }

  /** A journal that was copied with its destination is not renewed there, and its drill may live. */
  #mayBeCopied({ content, modifiedAtMs }: StaleEntry, own: StaleEntry): boolean {
    const place = decodeEntry(content)?.drill.place;
    return (
      place !== this.#context.claims.location && own.modifiedAtMs - modifiedAtMs <= LONGEST_DRILL_MS
    );
  }

  async remove(): Promise<void> {
    await this.#stop();
    const { store, claims } = this.#context;
    if (this.drill.phase === 'making') {
      const { foreign, left } = await removeBuckets(store, this.drill, (bucket) =>
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
    await claims.remove(this.drill.run);
  }

  async keep(): Promise<void> {
    await this.#stop();
    const { store, claims, warn } = this.#context;
    await removeMarkers(store, this.drill).catch((error: unknown) => {
      warn(`a marker of the drill stays in its buckets: ${messageOf(error)}`);
    });
    await claims.remove(this.drill.run);
  }

  async #stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#renewing;
  }

  async #write(signal?: AbortSignal): Promise<void> {
    const { claims, owner } = this.#context;
    const entry: JournalEntry = { since: this.#since, owner, drill: this.drill };
    await claims.put(this.drill.run, encodeEntry(entry), signal);
  }

  async #read() {
    const { claims, owner, signal } = this.#context;
    const observer = { claims, name: this.drill.run, owner, leaseMs: this.#timing.leaseMs };
    return await readClaims(observer, signal);
  }

  /** A failed renewal is no reason to end: a later one may succeed. */
  async #renew(): Promise<void> {
    try {
      const { own } = await this.#read();
      if (own !== undefined) {
        await this.#write();
        return;
      }
      clearInterval(this.#heartbeat);
      this.#taken.abort(
        new MangamotionError(
          'locked',
          'another drill took this one for dead, and removed its buckets',
          {
            hint: 'Run the drill again. This happens when the machine sleeps for minutes.',
          },
        ),
      );
    } catch {
      // The store may be away for a moment, or the drill is being ended.
    }
  }
}
