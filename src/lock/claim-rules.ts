import type { Claim, StoredClaim } from './claim.js';
import type { LockTiming } from './timing.js';

/** Rules for the claims to a destination. All times are by the store's clock. Pure. */

/** The error of a time difference: S3 and old file systems round to seconds, and FAT to two. */
export const STORE_CLOCK_GRAIN_MS = 2000;

export interface DecodedClaim extends StoredClaim {
  claim: Claim | undefined;
  /** Whether the owner is known to have ended; false if that is unknown. */
  ownerIsDead: boolean;
}

/** Whether a claim put at `modifiedAtMs` has certainly outlived its lease at `nowMs`. */
export function isLeaseOver(modifiedAtMs: number, nowMs: number, leaseMs: number): boolean {
  return nowMs - modifiedAtMs > leaseMs + STORE_CLOCK_GRAIN_MS;
}

/** Whether the owner may still rely on the claim, even if it is unreadable or from the future. */
export function isLive(
  claim: Pick<DecodedClaim, 'modifiedAtMs' | 'ownerIsDead'>,
  nowMs: number,
  leaseMs: number,
): boolean {
  return !claim.ownerIsDead && !isLeaseOver(claim.modifiedAtMs, nowMs, leaseMs);
}

export function isHeld({ claim }: Pick<DecodedClaim, 'claim'>): boolean {
  return claim?.state === 'held';
}

export interface ClassifiedClaims {
  /** Our own claim; `undefined` if it does not exist (any more). */
  own: DecodedClaim | undefined;
  /** Claims of other runs that may be alive; each blocks us. */
  live: DecodedClaim[];
  /** Claims left behind by other runs. The holder of the lock removes them. */
  stale: DecodedClaim[];
}

/**
 * Divides the claims into our own, live and stale ones. Our own claim, just put, gives the store's
 * time; without one, `nowMs` is needed.
 */
export function classifyClaims(
  claims: readonly DecodedClaim[],
  ownName: string,
  options: { leaseMs: number; nowMs?: number | undefined },
): ClassifiedClaims {
  const own = claims.find(({ name }) => name === ownName);
  const nowMs = options.nowMs ?? own?.modifiedAtMs ?? -Infinity;
  const others = claims.filter(({ name }) => name !== ownName);
  const live = others.filter((claim) => isLive(claim, nowMs, options.leaseMs));
  return { own, live, stale: others.filter((claim) => !live.includes(claim)) };
}

export interface Obstacle {
  /** The blocking claim; `undefined` if it cannot be read. */
  claim: Claim | undefined;
  /** Whether that run holds the lock; otherwise it only tries to, like us. */
  isHolder: boolean;
}

/** Returns the claim to report to the user: the holder's, or else one that is readable. */
export function obstacleAmong(live: readonly DecodedClaim[]): Obstacle | undefined {
  if (live.length === 0) return undefined;
  const named = live.find(isHeld) ?? live.find(({ claim }) => claim !== undefined);
  return { claim: named?.claim, isHolder: named !== undefined && isHeld(named) };
}

const MIN_ATTEMPTS = 4;

/**
 * Returns how long to keep waiting; 0 means to give up. Two runs that begin at once may both step
 * back, so they get a few more attempts, however short the user's time limit is.
 */
export function waitLeftMs(
  { isHolder }: Pick<Obstacle, 'isHolder'>,
  { attempts, waitedMs, waitMs }: { attempts: number; waitedMs: number; waitMs: number },
  { settleMs }: Pick<LockTiming, 'settleMs'>,
): number {
  if (isHolder) return Math.max(0, waitMs - waitedMs);
  const leftMs = Math.max(waitMs, settleMs) - waitedMs;
  return Math.max(attempts < MIN_ATTEMPTS ? settleMs : 0, leftMs);
}

const LONGEST_PAUSE_MS = { holder: 5000, rival: 800 };

/**
 * Rivals wait for a random time, so that they separate. A holder is checked at growing intervals.
 */
export function pauseMs({ isHolder }: Obstacle, attempts: number, random: number): number {
  const longestMs = Math.min(
    isHolder ? LONGEST_PAUSE_MS.holder : LONGEST_PAUSE_MS.rival,
    100 * 2 ** Math.min(attempts, 10),
  );
  return isHolder ? longestMs * (0.5 + random / 2) : 20 + longestMs * random;
}
