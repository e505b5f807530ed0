import { randomBytes } from 'node:crypto';
import { MangamotionError } from '../errors.js';
import type { ClaimStore, LockOwner } from '../lock/claim.js';
import { readClaims } from '../lock/read-claims.js';
import { LOCK_TIMING } from '../lock/timing.js';
import {
  type DrillFields,
  type JournalEntry,
  LONGEST_DRILL_MS,
  decodeEntry,
  encodeEntry,
} from './journal-entry.js';

export interface EntryContext {
  /** The journal at the destination. */
  claims: ClaimStore;
  owner: LockOwner;
  now: () => Date;
  signal: AbortSignal;
  /** For tests. */
  timing?: { leaseMs: number; heartbeatMs: number };
}

export interface StaleEntry {
  name: string;
  content: string | undefined;
  modifiedAtMs: number;
}

type What = Pick<DrillFields, 'server' | 'prefix' | 'buckets' | 'rehearsal'>;

/** The entry of a drill in the journal: it is renewed as long as the drill lives. */
export class OwnEntry {
  readonly drill: DrillFields;
  readonly #context: EntryContext;
  readonly #since: string;
  readonly #taken = new AbortController();
  readonly #timing: { leaseMs: number; heartbeatMs: number };
  #heartbeat: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(context: EntryContext, what: What) {
    this.#context = context;
    this.#timing = context.timing ?? LOCK_TIMING;
    this.#since = context.now().toISOString();
    this.drill = {
      run: randomBytes(10).toString('hex'),
      token: randomBytes(32).toString('hex'),
      ...what,
      phase: 'named',
      place: context.claims.location,
    };
  }

  /** Aborted if another drill took this one for dead. */
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

  /**
   * Resolves to the entries of other drills that are dead or have ended, or that have not renewed them
   * in time, and to the time by the clock of the destination.
   */
  async staleEntries(): Promise<{ entries: StaleEntry[]; nowMs: number }> {
    const { own, live, stale } = await this.#read();
    if (own === undefined) return { entries: [], nowMs: NaN };
    this.drill.named_at = new Date(own.modifiedAtMs).toISOString();
    const ended = live.filter(({ content }) => decodeEntry(content)?.drill.rehearsal?.ended);
    const entries = [...stale, ...ended].filter(
      (entry) => entry.ownerIsDead || !this.#mayBeCopied(entry, own),
    );
    return { entries, nowMs: own.modifiedAtMs };
  }

  /** A journal that was copied with its destination is not renewed there, and its drill may live. */
  #mayBeCopied({ content, modifiedAtMs }: StaleEntry, own: StaleEntry): boolean {
    const place = decodeEntry(content)?.drill.place;
    return (
      place !== this.#context.claims.location && own.modifiedAtMs - modifiedAtMs <= LONGEST_DRILL_MS
    );
  }

  /** Ends the renewal. */
  async stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#renewing;
  }

  /** Leaves the entry to later drills, as it is now. Call it after `stop`, whatever a signal ended. */
  async leave(): Promise<void> {
    await this.#write();
  }

  /** Removes the entry. Call it after `stop`. */
  async forget(): Promise<void> {
    await this.#context.claims.remove(this.drill.run);
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
          'another drill took this one for dead, and removed what it had made',
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
