import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** What a lock knows of time, and chance. */
export interface LockClock {
  /** For people. */
  now(): Date;
  /** Milliseconds since some moment; never goes back, and goes on while the machine sleeps. */
  elapsedMs(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

export function systemClock(): LockClock {
  const begunAtMs = { monotonic: performance.now(), up: uptime() * 1000 };
  return {
    now: () => new Date(),
    // The monotonic clock of Linux stands still while the machine sleeps; its uptime does not.
    elapsedMs: () =>
      Math.max(performance.now() - begunAtMs.monotonic, uptime() * 1000 - begunAtMs.up),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      await delay(ms, undefined, { signal }).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      });
    },
    random: Math.random,
  };
}
