import { messageOf } from '../errors.js';

/** The log of the daemon, with the methods of pino. */
export interface DaemonLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const LOG_EVERY_MS = 60_000;

/** Returns a function that logs a failure under this message, at most once a minute. */
export function failureLog(log: DaemonLog, message: string): (error: unknown) => void {
  let loggedAtMs = -Infinity;
  return (error) => {
    const nowMs = performance.now();
    if (nowMs - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = nowMs;
    log.error({ reason: messageOf(error) }, message);
  };
}
