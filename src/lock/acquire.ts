import { randomUUID } from 'node:crypto';
import { encodeClaim, type Claim, type ClaimStore, type LockOwner } from './claim.js';
import { LOCK_TIMING, systemClock, type LockClock, type LockTiming } from './timing.js';
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
  /** How long to wait for another run; with 0, a lock that is held is an error at once. */
  waitMs: number;
  /** Ends the wait, but not the lock. */
  signal: AbortSignal;
  timing?: Partial<LockTiming> | undefined;
  clock?: LockClock | undefined;
  /** Called once for each run that is waited for; with `undefined` if its claim cannot be read. */
  onWait?: ((holder: Claim | undefined) => void) | undefined;
}

/**
 * Acquires the lock of a destination. A run puts a claim there and then lists all claims; if it
 * finds another live claim, it steps back. Of two runs, the one whose claim came later sees the
 * other's, so both never proceed. Both may step back, and then try again.
 *
 * Rejects with `locked` if another run holds the lock when the waiting time is over, with the
 * signal's reason when it is aborted, and with any error of the store. It then removes its own
 * claim if it can. The caller must release the lock.
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
  /** When our claim was last put, by the store's clock and by our own. */
  #put: { modifiedAtMs: number; atMs: number } | undefined;

  constructor(observer: Observer, clock: LockClock, timing: LockTiming) {
    this.#observer = observer;
    this.#clock = clock;
    this.#timing = timing;
  }

  /** Leaves no claim behind unless it takes the lock. */
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

  /**
   * Checks the claims without putting one. The first attempt cannot: it must learn the store's
   * time.
   */
  async #foreseenObstacle(signal: AbortSignal): Promise<Obstacle | undefined> {
    if (this.#put === undefined) return undefined;
    const nowMs = this.#put.modifiedAtMs + this.#clock.elapsedMs() - this.#put.atMs;
    return obstacleAmong((await readClaims(this.#observer, signal, nowMs)).live);
  }

  async #claim(signal: AbortSignal): Promise<HeldLock | Obstacle> {
    const { stale, ...first } = await this.#putAndRead('trying', signal);
    const obstacle = obstacleAmong(first.live);
    if (obstacle !== undefined) return obstacle;
    // Stale claims are removed first, so that an owner that is still alive notices.
    for (const { name } of stale) await this.#observer.claims.remove(name, signal);
    const { live, ...holding } = await this.#putAndRead('held', signal);
    // This happens only if the store's clock was changed. Others that see our claim step back.
    const holder = obstacleAmong(live.filter(isHeld));
    if (holder !== undefined) return holder;
    // This happens only if this process was suspended. Others may have ignored our claim.
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

  async #withdraw(): Promise<void> {
    const { claims, name } = this.#observer;
    await claims.remove(name, AbortSignal.timeout(WITHDRAW_TIMEOUT_MS));
  }
}
