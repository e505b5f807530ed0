import type { Claim } from './claim.js';
import type { ListedClaim } from './claim-store.js';

/** Rules over the claims to a destination. All times are those of its store, never of a host. */

/**
 * S3 and old file systems keep whole seconds, FAT every other one: of two times the difference can
 * be this much too large.
 */
export const STORE_CLOCK_GRAIN_MS = 2000;

export interface JudgedClaim extends ListedClaim {
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
  claim: Pick<JudgedClaim, 'modifiedAtMs' | 'ownerIsDead'>,
  nowMs: number,
  leaseMs: number,
): boolean {
  return !claim.ownerIsDead && !isLeaseOver(claim.modifiedAtMs, nowMs, leaseMs);
}

export function isHeld({ claim }: Pick<JudgedClaim, 'claim'>): boolean {
  return claim?.state === 'held';
}

export interface Judgement {
  /** `undefined` where it is not there (any more). */
  own: JudgedClaim | undefined;
  /** Of others: each of them is in our way. */
  live: JudgedClaim[];
  /** Of others: left behind, to be removed by whoever has the lock. */
  stale: JudgedClaim[];
}

/**
 * `nowMs` is needed where our own claim is not there to tell the time of the store: it was put a
 * moment ago.
 */
export function judge(
  claims: readonly JudgedClaim[],
  ownName: string,
  options: { leaseMs: number; nowMs?: number | undefined },
): Judgement {
  const own = claims.find(({ name }) => name === ownName);
  const nowMs = options.nowMs ?? own?.modifiedAtMs ?? -Infinity;
  const others = claims.filter(({ name }) => name !== ownName);
  const live = others.filter((claim) => isLive(claim, nowMs, options.leaseMs));
  return { own, live, stale: others.filter((claim) => !live.includes(claim)) };
}
