import { isHeld, judge, type JudgedClaim, type Judgement } from './claim-rules.js';
import { decodeClaim, type Claim, type ClaimStore, type LockOwner } from './claim.js';
import { LOCK_TIMING } from './clock.js';
import { describeOwner, isKnownDead } from './owner.js';

export interface Observer {
  claims: ClaimStore;
  /** Of our own claim. */
  name: string;
  owner: LockOwner;
  leaseMs: number;
}

/** Lists the claims and judges them. `nowMs`: the time of the store, where it is not our claim's. */
export async function survey(
  { claims, name, owner, leaseMs }: Observer,
  signal: AbortSignal,
  nowMs?: number,
): Promise<Judgement> {
  const judged: JudgedClaim[] = [];
  for (const listed of await claims.list(signal)) {
    const claim = decodeClaim(listed.content);
    const ownerIsDead = claim !== undefined && (await isKnownDead(claim.owner, owner));
    judged.push({ ...listed, claim, ownerIsDead });
  }
  return judge(judged, name, { leaseMs, nowMs });
}

/**
 * Who has the lock, for people: it may be another one a moment later. Nothing is written, so the time
 * of the store is not known and `now` stands in for it: where the two differ by more than the lease,
 * a holder can be overlooked, or one that is gone be told. Rejects as the store does.
 */
export async function lockHolder(
  claims: ClaimStore,
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<Claim | undefined> {
  const owner = await describeOwner('look');
  const observer = { claims, name: '', owner, leaseMs: LOCK_TIMING.leaseMs };
  const { live } = await survey(observer, signal, now.getTime());
  return live.find(isHeld)?.claim;
}
