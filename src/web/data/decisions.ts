/**
 * Why a request has no answer: a status of HTTP, no connection, no answer in time, or a server that has
 * said that it ends.
 */
export type FailureReason = number | 'away' | 'timeout' | 'ending';

/** What the page does about a failure. */
export type Reaction = 'login' | 'retry' | 'show';

/** 401 leads to the login; what may pass is tried again; the rest is shown. */
export function reactionTo(reason: FailureReason): Reaction {
  if (reason === 401) return 'login';
  if (typeof reason !== 'number' || reason === 429) return 'retry';
  return reason >= 500 ? 'retry' : 'show';
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Returns how long to wait after so many failures in a row: twice as long each time, up to 30 s, and no
 * less than the server asked for. `chance` is from 0 to 1: pages that lost the server together come
 * back one after the other.
 */
export function waitMs(failures: number, retryAfterMs: number | undefined, chance: number): number {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
  return Math.max(Math.round(wait * (0.75 + chance / 2)), retryAfterMs ?? 0);
}

const LONGEST_SPREAD_MS = 3000;

/**
 * Returns how long to wait before asking again for what all pages have lost at the same moment. `chance` is
 * from 0 to 1: a thousand pages ask a few hundred times a second, and the last one is right within 5 s.
 */
export function spreadMs(chance: number): number {
  return Math.round(LONGEST_SPREAD_MS * chance);
}

/** Reads a header `Retry-After` in seconds; a date is not used by this server. */
export function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
