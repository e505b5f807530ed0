import { MangamotionError } from '../errors.js';
import { isHeld, isLeaseOver, STORE_CLOCK_GRAIN_MS, type DecodedClaim } from './claim-rules.js';
import type { Claim } from './claim.js';
import type { LockClock, LockTiming } from './timing.js';
import { readClaims, type Observer } from './read-claims.js';

/** The right to write to a destination, until it is released or lost. */
export interface DestinationLock {
  /** Aborted when the lock is lost; the reason is a `locked` error that explains why. */
  readonly signal: AbortSignal;
  /** Whether the claim of a dead run was removed. */
  readonly takenOver: boolean;

  /**
   * Call this right before a commit. It renews the lock, to leave a whole lease for the commit.
   * Rejects with `locked` if the lock is lost, and with the store's error if that is unknown.
   */
  check(): Promise<void>;

  /** Never rejects: a claim that cannot be removed ends with its lease. It may be called again. */
  release(): Promise<void>;
}

export interface HeldLockOptions {
  observer: Observer;
  content: string;
  clock: LockClock;
  timing: LockTiming;
  takenOver: boolean;
  /** When the last successful renewal began, by `clock`. */
  renewedAtMs: number;
  /** When the claim was last put, by the store's clock. */
  modifiedAtMs: number;
}

const RELEASE_TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_BETWEEN_CHECKS_MS = 250;

/**
 * The lock is ours as long as nobody can find our claim older than the lease. Three observations
 * end it, each of which would suffice if all clocks were right: by our own clock the last renewal
 * is too long ago; by the store's clock two renewals are too far apart; or our claim is gone, or
 * another one is held.
 */
export class HeldLock implements DestinationLock {
  readonly takenOver: boolean;
  readonly #options: HeldLockOptions;
  readonly #lost = new AbortController();
  readonly #released = new AbortController();
  /** Aborts running requests when the lock is lost or released. */
  readonly #over = AbortSignal.any([this.#lost.signal, this.#released.signal]);
  #renewedAtMs: number;
  #modifiedAtMs: number;
  #queue: Promise<unknown> = Promise.resolve();
  #releasing: Promise<void> | undefined;
  #lastFailure: unknown;
  #heartbeat: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: HeldLockOptions) {
    this.#options = options;
    this.takenOver = options.takenOver;
    this.#renewedAtMs = options.renewedAtMs;
    this.#modifiedAtMs = options.modifiedAtMs;
    this.#awaitDeadline();
    this.#awaitHeartbeat();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async check(): Promise<void> {
    const { clock, timing, observer } = this.#options;
    // A `trying` claim is gone in a moment, or at the end of its lease if its run has died.
    const untilMs = clock.elapsedMs() + timing.leaseMs + 2 * STORE_CLOCK_GRAIN_MS;
    for (;;) {
      const undecided = await this.#oneAtATime(async () => {
        await this.#renew();
        return await this.#readClaims();
      });
      const [first] = undecided;
      if (first === undefined) return;
      if (clock.elapsedMs() > untilMs) throw lockedBy(observer.claims.location, first.claim);
      await clock.sleep(clock.random() * LONGEST_PAUSE_BETWEEN_CHECKS_MS, this.#lost.signal);
    }
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  async #release(): Promise<void> {
    const { claims, name } = this.#options.observer;
    clearTimeout(this.#heartbeat);
    clearTimeout(this.#deadline);
    this.#released.abort(new Error('the lock was released'));
    await this.#queue;
    // A failure hardly matters: the lease ends the claim.
    await claims.remove(name, AbortSignal.timeout(RELEASE_TIMEOUT_MS)).catch(() => undefined);
  }

  async #renew(limit?: AbortSignal): Promise<void> {
    const { observer, content, clock } = this.#options;
    await this.#readClaims(limit);
    const begunAtMs = clock.elapsedMs();
    await this.#inTime(limit, (signal) => observer.claims.put(observer.name, content, signal));
    this.#renewedAtMs = begunAtMs;
    this.#lastFailure = undefined;
    this.#awaitDeadline();
  }

  /** Resolves to the live claims of other runs, none of which is held. */
  async #readClaims(limit?: AbortSignal): Promise<DecodedClaim[]> {
    const { observer, content, timing } = this.#options;
    const { own, live } = await this.#inTime(limit, (signal) => readClaims(observer, signal));
    if (own === undefined) throw this.#lose('its claim was removed');
    if (own.content !== content) throw this.#lose('its claim was changed');
    if (isLeaseOver(this.#modifiedAtMs, own.modifiedAtMs, timing.leaseMs)) {
      throw this.#lose('it was not renewed in time, by the clock of the destination');
    }
    this.#modifiedAtMs = own.modifiedAtMs;
    const holder = live.find(isHeld);
    if (holder === undefined) return live;
    const cause = lockedBy(observer.claims.location, holder.claim);
    throw this.#lose('another run has taken it over', cause);
  }

  /** Rejects an answer after the lock is lost, because another run may have acted by then. */
  async #inTime<T>(
    limit: AbortSignal | undefined,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#throwIfOver();
    try {
      const answer = await request(limit ? AbortSignal.any([limit, this.#over]) : this.#over);
      this.#throwIfOver();
      return answer;
    } catch (error) {
      this.#throwIfOver();
      this.#lastFailure = error;
      throw error;
    }
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #awaitHeartbeat(ms = this.#options.timing.heartbeatMs): void {
    this.#heartbeat = setTimeout(() => void this.#beat(), ms).unref();
  }

  async #beat(): Promise<void> {
    const { heartbeatMs } = this.#options.timing;
    // A dead connection may cost only one beat.
    const limit = AbortSignal.timeout(heartbeatMs);
    // A failed beat does not lose the lock: a later one may succeed, or the deadline ends it.
    const succeeded = await this.#oneAtATime(() => this.#renew(limit)).then(
      () => true,
      () => false,
    );
    if (!this.#over.aborted) this.#awaitHeartbeat(succeeded ? heartbeatMs : heartbeatMs / 4);
  }

  #awaitDeadline(): void {
    clearTimeout(this.#deadline);
    const checkDeadline = (): void => {
      if (!this.#isLost()) this.#awaitDeadline();
    };
    this.#deadline = setTimeout(checkDeadline, Math.ceil(this.#remainingMs()) + 1).unref();
  }

  /** Returns the time until the lock is lost for lack of a renewal. */
  #remainingMs(): number {
    const { clock, timing } = this.#options;
    const lostAtMs = this.#renewedAtMs + timing.leaseMs - timing.marginMs;
    return Math.max(0, lostAtMs - clock.elapsedMs());
  }

  #throwIfOver(): void {
    if (this.#isLost()) throw this.#lost.signal.reason;
    this.#over.throwIfAborted();
  }

  #isLost(): boolean {
    if (!this.#lost.signal.aborted && this.#remainingMs() === 0) {
      const { leaseMs, marginMs } = this.#options.timing;
      const why = `it could not be renewed for ${Math.round((leaseMs - marginMs) / 1000)} s`;
      this.#lose(why, this.#lastFailure);
    }
    return this.#lost.signal.aborted;
  }

  #lose(why: string, cause?: unknown): MangamotionError {
    const error = lockLost(this.#options.observer.claims.location, why, cause);
    this.#lost.abort(error);
    return error;
  }
}

const WAIT_HINT =
  'Try again when it is done, or wait for it with "--wait-lock 30m". If that run is dead, its lock expires within minutes.';

/**
 * Returns the error for a lock that another run holds; its `claim` is `undefined` if unreadable.
 */
export function lockedBy(location: string, claim: Claim | undefined): MangamotionError {
  return new MangamotionError('locked', `${location} is locked by ${described(claim)}`, {
    hint: WAIT_HINT,
  });
}

function described(claim: Claim | undefined): string {
  if (claim === undefined) return 'a run whose claim cannot be read';
  const { owner, since } = claim;
  return `"${owner.command}" on ${owner.host} (process ${owner.pid}) since ${since}`;
}

function lockLost(location: string, why: string, cause?: unknown): MangamotionError {
  return new MangamotionError('locked', `the lock of ${location} is lost: ${why}`, {
    hint: 'Run the command again. A lock ends when the machine sleeps or cannot reach the destination for minutes.',
    cause,
  });
}

/** Returns the error for a destination that does not list a new file, so no lock can work. */
export function claimNotVisible(location: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `${location} cannot be locked: it does not list a file that was just written to it`,
    { hint: 'Run the command again. If that does not help, use another destination.' },
  );
}
