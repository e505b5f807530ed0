import type { Claim, StoredClaim } from './claim.js';
import type { LockTiming } from './clock.js';

/** Rules over the claims to a destination. All times are those of its store, never of a host. */

/**
 * S3 and old file systems keep whole seconds, FAT every other one: of two times the difference can
 * be this much too large.
 */
export const STORE_CLOCK_GRAIN_MS = 2000;

export interface DecodedClaim extends StoredClaim {
  /** `undefined` where its content is none of ours, or half written. */
  claim: Claim | undefined;
  /** Known for certain; false where it cannot be told. */
  ownerIsDead: boolean;
}

/** Whether a claim that was put at one time is older than the lease at another, beyond doubt. */
export function isLeaseOver(modifiedAtMs: number, nowMs: number, leaseMs: number): boolean {
  return nowMs - modifiedAtMs > leaseMs + STORE_CLOCK_GRAIN_MS;
}

/**
 * Whether whoever made the claim may still count on it. One that cannot be read, or that comes from
 * the future, is given the whole lease as well.
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
  /** `undefined` where it is not there (any more). */
  own: DecodedClaim | undefined;
  /** Of others: each of them is in our way. */
  live: DecodedClaim[];
  /** Of others: left behind, to be removed by whoever has the lock. */
  stale: DecodedClaim[];
}

/**
 * `nowMs` is needed where our own claim is not there to tell the time of the store: it was put a
 * moment ago.
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
  /** Of the claim that is in the way, where it can be read. */
  claim: Claim | undefined;
  /** True where that run has the lock; else it only tries, as we do. */
  isHolder: boolean;
}

/** The one of several to tell the user about: the holder, or else one that can be named. */
export function obstacleAmong(live: readonly DecodedClaim[]): Obstacle | undefined {
  if (live.length === 0) return undefined;
  const named = live.find(isHeld) ?? live.find(({ claim }) => claim !== undefined);
  return { claim: named?.claim, isHolder: named !== undefined && isHeld(named) };
}

const LEAST_ATTEMPTS = 4;

/**
 * How long to go on waiting; 0 when it is time to give up. Two runs that begin at once may both
 * step back: they get a few attempts more, however short the user wants to wait.
 */
export function waitLeftMs(
  { isHolder }: Pick<Obstacle, 'isHolder'>,
  { attempts, waitedMs, waitMs }: { attempts: number; waitedMs: number; waitMs: number },
  { settleMs }: Pick<LockTiming, 'settleMs'>,
): number {
  if (isHolder) return Math.max(0, waitMs - waitedMs);
  const leftMs = Math.max(waitMs, settleMs) - waitedMs;
  return Math.max(attempts < LEAST_ATTEMPTS ? settleMs : 0, leftMs);
}

const LONGEST_PAUSE_MS = { holder: 5000, rival: 800 };

/** Rivals part by chance; for a holder it is enough to look now and then. */
export function pauseMs({ isHolder }: Obstacle, attempts: number, random: number): number {
  const longestMs = Math.min(
    isHolder ? LONGEST_PAUSE_MS.holder : LONGEST_PAUSE_MS.rival,
    100 * 2 ** Math.min(attempts, 10),
  );
  return isHolder ? longestMs * (0.5 + random / 2) : 20 + longestMs * random;
}
