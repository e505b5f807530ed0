import type { Claim, StoredClaim } from './claim.js';
import type { LockTiming } from './clock.js';

/** Rules over the claims to a destination. All times are those of its store, never of a host. */

/**
 * S3 and old file systems keep whole seconds, and FAT every second one: the difference between two
 * times can be too large by this much.
 */
export const STORE_CLOCK_GRAIN_MS = 2000;

export interface DecodedClaim extends StoredClaim {
  /** `undefined` where the content is not a claim of ours, or only half of one. */
  claim: Claim | undefined;
  /** True where the owner is known to have ended; false where nobody can say. */
  ownerIsDead: boolean;
}

/** Whether a claim that was put at one time is older than the lease at another, beyond doubt. */
export function isLeaseOver(modifiedAtMs: number, nowMs: number, leaseMs: number): boolean {
  return nowMs - modifiedAtMs > leaseMs + STORE_CLOCK_GRAIN_MS;
}

/**
 * True where the owner of the claim may still rely on it. A claim that cannot be read, or that comes
 * from the future, has the whole lease as well.
 */
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
  /** Our own claim; `undefined` where it is not, or no longer, there. */
  own: DecodedClaim | undefined;
  /** Claims of other runs that may still be alive: each of them is in our way. */
  live: DecodedClaim[];
  /** Claims that other runs left behind. The holder of the lock removes them. */
  stale: DecodedClaim[];
}

/**
 * Divides the claims into our own, live and stale ones. Our own claim was put a moment ago, and so
 * gives the time of the store; without one, `nowMs` is needed.
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

/** Rules for a run that finds the destination locked. */

export interface Obstacle {
  /** The claim that is in the way; `undefined` where it cannot be read. */
  claim: Claim | undefined;
  /** True where that run has the lock; else it only tries, as we do. */
  isHolder: boolean;
}

/** Returns the claim to report to the user: the holder's, or else one that can be read. */
export function obstacleAmong(live: readonly DecodedClaim[]): Obstacle | undefined {
  if (live.length === 0) return undefined;
  const named = live.find(isHeld) ?? live.find(({ claim }) => claim !== undefined);
  return { claim: named?.claim, isHolder: named !== undefined && isHeld(named) };
}

const MIN_ATTEMPTS = 4;

/**
 * Returns how long to go on waiting; 0 when it is time to give up. Two runs that begin at once may
 * both step back: they get a few more attempts, however short the user's time limit is.
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

/** Rivals wait for a random time, so that they part. A holder is checked on now and then. */
export function pauseMs({ isHolder }: Obstacle, attempts: number, random: number): number {
  const longestMs = Math.min(
    isHolder ? LONGEST_PAUSE_MS.holder : LONGEST_PAUSE_MS.rival,
    100 * 2 ** Math.min(attempts, 10),
  );
  return isHolder ? longestMs * (0.5 + random / 2) : 20 + longestMs * random;
}
