import { randomUUID } from 'node:crypto';
import { encodeClaim, type Claim, type ClaimStore, type LockOwner } from './claim.js';
import { LOCK_TIMING, systemClock, type LockClock, type LockTiming } from './clock.js';
import { HeldLock, lockedBy, claimNotVisible, type DestinationLock } from './held-lock.js';
import {
  isHeld,
  isLeaseOver,
  obstacleAmong,
  waitLeftMs,
  pauseMs,
  type Obstacle,
} from './claim-rules.js';
import { readClaims, type Observer } from './read-claims.js';

export interface LockOptions {
  owner: LockOwner;
  /** How long to wait for another run; with 0 its lock is an error at once. */
  waitMs: number;
  /** Ends the waiting, not the lock. */
  signal: AbortSignal;
  timing?: Partial<LockTiming> | undefined;
  clock?: LockClock | undefined;
  /** Told of every run that is waited for, once; `undefined` where its claim cannot be read. */
  onWait?: ((holder: Claim | undefined) => void) | undefined;
}

/**
 * Takes the lock of a destination. Whoever wants it puts a claim there and then lists all of them;
 * who finds another one that is alive steps back. Of two, the one whose claim was there later sees
 * that of the other, so never do both go on; that they both step back is why they try again.
 *
 * Rejects with `locked` where another run has it and the time to wait is over, with the signal's
 * reason when it is aborted, and as the store does; no claim of ours is left then, if that can be
 * helped. Release the lock.
 */
export async function acquireLock(
  claims: ClaimStore,
  options: LockOptions,
): Promise<DestinationLock> {
  const timing = { ...LOCK_TIMING, ...options.timing };
  const clock = options.clock ?? systemClock();
  const { owner, signal, waitMs } = options;
  const observer = { claims, name: randomUUID(), owner, leaseMs: timing.leaseMs };
  const contender = new Contender(observer, clock, timing);
  const reportWait = onceForEachHolder(options);
  const begunAtMs = clock.elapsedMs();
  for (let attempts = 1; ; attempts++) {
    const outcome = await contender.attempt(signal);
    if (outcome instanceof HeldLock) return outcome;
    const progress = { attempts, waitedMs: clock.elapsedMs() - begunAtMs, waitMs };
    const leftMs = waitLeftMs(outcome, progress, timing);
    if (leftMs === 0) throw lockedBy(claims.location, outcome.claim);
    const isWorthReporting = outcome.isHolder || progress.waitedMs > timing.settleMs;
    if (waitMs > 0 && isWorthReporting) reportWait(outcome.claim);
    await clock.sleep(Math.min(leftMs, pauseMs(outcome, attempts, clock.random())), signal);
  }
}

function onceForEachHolder({ onWait }: LockOptions): (holder: Claim | undefined) => void {
  const reported = new Set<string>();
  return (holder) => {
    const who = holder === undefined ? '' : encodeClaim(holder);
    if (reported.has(who)) return;
    reported.add(who);
    onWait?.(holder);
  };
}

const WITHDRAW_TIMEOUT_MS = 5000;
const OVERTAKEN: Obstacle = { claim: undefined, isHolder: false };

class Contender {
  readonly #observer: Observer;
  readonly #clock: LockClock;
  readonly #timing: LockTiming;
  /** When our claim was last put, by the clock of the store and by ours. */
  #put: { modifiedAtMs: number; atMs: number } | undefined;

  constructor(observer: Observer, clock: LockClock, timing: LockTiming) {
    this.#observer = observer;
    this.#clock = clock;
    this.#timing = timing;
  }

  /** Leaves a claim only with the lock. */
  async attempt(signal: AbortSignal): Promise<HeldLock | Obstacle> {
    const obstacle = await this.#foreseenObstacle(signal);
    if (obstacle !== undefined) return obstacle;
    try {
      const outcome = await this.#claim(signal);
      if (!(outcome instanceof HeldLock)) await this.#withdraw();
      return outcome;
    } catch (error) {
      await this.#withdraw().catch(() => undefined);
      throw error;
    }
  }

  /** Whoever waits only looks, so as not to be in the way; the first time the time is not known. */
  async #foreseenObstacle(signal: AbortSignal): Promise<Obstacle | undefined> {
    if (this.#put === undefined) return undefined;
    const nowMs = this.#put.modifiedAtMs + this.#clock.elapsedMs() - this.#put.atMs;
    return obstacleAmong((await readClaims(this.#observer, signal, nowMs)).live);
  }

  async #claim(signal: AbortSignal): Promise<HeldLock | Obstacle> {
    const { stale, ...first } = await this.#putAndRead('trying', signal);
    const obstacle = obstacleAmong(first.live);
    if (obstacle !== undefined) return obstacle;
    // Before anything else is done: their owners, should they live, can tell by it.
    for (const { name } of stale) await this.#observer.claims.remove(name, signal);
    const { live, ...holding } = await this.#putAndRead('held', signal);
    // Only where the clock of the store was set: others that see our claim step back.
    const holder = obstacleAmong(live.filter(isHeld));
    if (holder !== undefined) return holder;
    // Only where this process was stopped in between: others may have gone past our claim.
    const { leaseMs } = this.#timing;
    if (isLeaseOver(first.modifiedAtMs, holding.modifiedAtMs, leaseMs)) return OVERTAKEN;
    return new HeldLock({
      ...holding,
      observer: this.#observer,
      clock: this.#clock,
      timing: this.#timing,
      takenOver: stale.length > 0,
    });
  }

  async #putAndRead(state: Claim['state'], signal: AbortSignal) {
    const { claims, name, owner } = this.#observer;
    const since = this.#clock.now().toISOString();
    const content = encodeClaim({ state, since, owner });
    const atMs = this.#clock.elapsedMs();
    await claims.put(name, content, signal);
    const { own, live, stale } = await readClaims(this.#observer, signal);
    if (own === undefined) throw claimNotVisible(claims.location);
    this.#put = { modifiedAtMs: own.modifiedAtMs, atMs };
    return { content, live, stale, renewedAtMs: atMs, modifiedAtMs: own.modifiedAtMs };
  }

  /** Whatever became of the signal. */
  async #withdraw(): Promise<void> {
    const { claims, name } = this.#observer;
    await claims.remove(name, AbortSignal.timeout(WITHDRAW_TIMEOUT_MS));
  }
}
