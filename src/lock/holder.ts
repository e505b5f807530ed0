import type { Claim } from './claim.js';
import type { ClaimStore } from './claim-store.js';
import { isHeld } from './judgement.js';
import { describeOwner } from './owner.js';
import { survey } from './survey.js';
import { LOCK_TIMING } from './timing.js';

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
