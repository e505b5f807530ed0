import type { Claim } from './claim.js';
import { isHeld, type JudgedClaim } from './judgement.js';
import type { LockTiming } from './timing.js';

/** Rules for a run that finds the destination locked. */

export interface Obstacle {
  /** Of the claim that is in the way, where it can be read. */
  claim: Claim | undefined;
  /** True where that run has the lock; else it only tries, as we do. */
  isHolder: boolean;
}

/** The one of several to tell the user about: the holder, or else one that can be named. */
export function obstacleAmong(live: readonly JudgedClaim[]): Obstacle | undefined {
  if (live.length === 0) return undefined;
  const named = live.find(isHeld) ?? live.find(({ claim }) => claim !== undefined);
  return { claim: named?.claim, isHolder: named !== undefined && isHeld(named) };
}

const LEAST_ATTEMPTS = 4;

/**
 * How long to go on waiting; 0 when it is time to give up. Two runs that begin at once may both
 * step back: they get a few attempts more, however short the user wants to wait.
 */
export function patienceLeftMs(
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
