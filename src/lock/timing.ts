import { setTimeout as delay } from 'node:timers/promises';
import { stopwatch } from '../stopwatch.js';

/** The clock and the source of random numbers of a lock. Tests replace it. */
export interface LockClock {
  now(): Date;
  /** Milliseconds since some moment. It never goes back, and continues while the machine sleeps. */
  elapsedMs(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Returns a random number from 0 up to, but not including, 1. */
  random(): number;
}

export function systemClock(): LockClock {
  return {
    now: () => new Date(),
    elapsedMs: stopwatch(),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      await delay(ms, undefined, { signal }).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      });
    },
    random: Math.random,
  };
}

/** The times of a lock, in milliseconds. */
export interface LockTiming {
  /**
   * A claim that has not been renewed for this long has expired. All runs must use the same value.
   */
  leaseMs: number;
  heartbeatMs: number;
  /** How long before the end of the lease the holder gives up, so that it has time to stop. */
  marginMs: number;
  /** How long runs that begin at the same time may take to settle who goes first. */
  settleMs: number;
}

export const LOCK_TIMING: LockTiming = {
  leaseMs: 120_000,
  heartbeatMs: 20_000,
  marginMs: 20_000,
  settleMs: 3000,
};
