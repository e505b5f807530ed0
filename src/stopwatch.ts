import { uptime } from 'node:os';

/**
 * Returns a function that returns the milliseconds since now. They never go back, and go on while the machine
 * sleeps: the monotonic clock of Linux stands still then, and its uptime does not.
 */
export function stopwatch(): () => number {
  const begunMs = performance.now();
  const upMs = uptime() * 1000;
  return () => Math.max(performance.now() - begunMs, uptime() * 1000 - upMs);
}
