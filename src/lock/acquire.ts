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
  /** How long to wait for another run. With 0, a lock that is held is an error at once. */
  waitMs: number;
  /** Aborting it ends the wait, not the lock. */
  signal: AbortSignal;
  timing?: Partial<LockTiming> | undefined;
  clock?: LockClock | undefined;
  /** Called once for every run that we wait for; `undefined` where its claim cannot be read. */
  onWait?: ((holder: Claim | undefined) => void) | undefined;
}

/**
 * Acquires the lock of a destination. A run puts a claim there and then lists all claims; a run that
 * finds another live claim steps back. Of two runs, the one whose claim came later sees the other's,
 * so that never both go on. Both may step back, and therefore try again.
 *
 * Rejects with `locked` where another run holds the lock and the time to wait is over, with the
 * signal's reason when it is aborted, and as the store does. It then removes our claim, if it can.
 * The caller must release the lock.
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
  /** When our claim was last put, by the clock of the store and by our own. */
  #put: { modifiedAtMs: number; atMs: number } | undefined;

  constructor(observer: Observer, clock: LockClock, timing: LockTiming) {
    this.#observer = observer;
    this.#clock = clock;
    this.#timing = timing;
  }

  /** Leaves a claim behind only if it takes the lock. */
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

  /** A run that waits puts no claim. At first the store's time is unknown, so that it has to. */
  async #foreseenObstacle(signal: AbortSignal): Promise<Obstacle | undefined> {
    if (this.#put === undefined) return undefined;
    const nowMs = this.#put.modifiedAtMs + this.#clock.elapsedMs() - this.#put.atMs;
    return obstacleAmong((await readClaims(this.#observer, signal, nowMs)).live);
  }

  async #claim(signal: AbortSignal): Promise<HeldLock | Obstacle> {
    const { stale, ...first } = await this.#putAndRead('trying', signal);
    const obstacle = obstacleAmong(first.live);
    if (obstacle !== undefined) return obstacle;
    // Stale claims are removed first: an owner that is still alive notices it.
    for (const { name } of stale) await this.#observer.claims.remove(name, signal);
    const { live, ...holding } = await this.#putAndRead('held', signal);
    // Happens only where the clock of the store was set: others that see our claim step back.
    const holder = obstacleAmong(live.filter(isHeld));
    if (holder !== undefined) return holder;
    // Happens only where this process was stopped in between: others may have ignored our claim.
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

  /** Removes our claim, even if the signal is aborted. */
  async #withdraw(): Promise<void> {
    const { claims, name } = this.#observer;
    await claims.remove(name, AbortSignal.timeout(WITHDRAW_TIMEOUT_MS));
  }
}
