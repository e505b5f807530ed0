/** All in milliseconds. */
export interface LockTiming {
  /** A claim that was not put again for so long is nobody's. The same for all who use a store. */
  leaseMs: number;
  /** How often a held claim is put again. */
  heartbeatMs: number;
  /** The holder gives up so long before others may take over: time to notice, and to stop. */
  marginMs: number;
  /** How long runs that begin at the same moment sort out among themselves who goes first. */
  settleMs: number;
}

export const LOCK_TIMING: LockTiming = {
  leaseMs: 120_000,
  heartbeatMs: 20_000,
  marginMs: 20_000,
  settleMs: 3000,
};
