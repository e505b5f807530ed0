import { decodeClaim, type LockOwner } from './claim.js';
import type { ClaimStore } from './claim-store.js';
import { judge, type JudgedClaim, type Judgement } from './judgement.js';
import { isKnownDead } from './owner.js';

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
