import { messageOf } from '../errors.js';

/** The log of the daemon, with the methods of pino. */
export interface DaemonLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const LOG_EVERY_MS = 60_000;

/** A failure whose reason never repeats must not fill the log. */
const MOST_REASONS = 20;

/**
 * Returns a function that logs a failure under this message: each reason at most once a minute, so that a new
 * reason is not held back by an old one.
 */
export function failureLog(log: DaemonLog, message: string): (error: unknown) => void {
  const loggedAtMs = new Map<string, number>();
  return (error) => {
    const reason = messageOf(error);
    const nowMs = performance.now();
    for (const [old, atMs] of loggedAtMs) {
      if (nowMs - atMs >= LOG_EVERY_MS) loggedAtMs.delete(old);
    }
    if (loggedAtMs.has(reason) || loggedAtMs.size >= MOST_REASONS) return;
    loggedAtMs.set(reason, nowMs);
    log.error({ reason }, message);
  };
}
