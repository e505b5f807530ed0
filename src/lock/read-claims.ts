import { isHeld, classifyClaims, type DecodedClaim, type ClassifiedClaims } from './claim-rules.js';
import { decodeClaim, type Claim, type ClaimStore, type LockOwner } from './claim.js';
import { LOCK_TIMING } from './timing.js';
import { describeOwner, isKnownDead } from './owner.js';

export interface Observer {
  claims: ClaimStore;
  name: string;
  owner: LockOwner;
  leaseMs: number;
}

/**
 * Lists and classifies the claims. `nowMs` is the store's time; our own claim gives it if absent.
 */
export async function readClaims(
  { claims, name, owner, leaseMs }: Observer,
  signal: AbortSignal,
  nowMs?: number,
): Promise<ClassifiedClaims> {
  const decoded: DecodedClaim[] = [];
  for (const stored of await claims.list(signal)) {
    const claim = decodeClaim(stored.content);
    const ownerIsDead = claim !== undefined && (await isKnownDead(claim.owner, owner));
    decoded.push({ ...stored, claim, ownerIsDead });
  }
  return classifyClaims(decoded, name, { leaseMs, nowMs });
}

/**
 * Resolves to the claim that holds the lock, for display: a moment later it may be another. Nothing
 * is written, so the store's time is unknown and `now` stands in for it. If the two differ by more
 * than the lease, a holder may be missed, or a dead one shown. Rejects as the store does.
 */
export async function lockHolder(
  claims: ClaimStore,
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<Claim | undefined> {
  const owner = await describeOwner('');
  const observer = { claims, name: '', owner, leaseMs: LOCK_TIMING.leaseMs };
  const { live } = await readClaims(observer, signal, now.getTime());
  return live.find(isHeld)?.claim;
}
