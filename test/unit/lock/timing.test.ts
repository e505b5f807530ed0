import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/lock/timing.js';

/** What the system tells from now on about how long it has been up. */
function setUptime(seconds: number): void {
  vi.spyOn(os, 'uptime').mockReturnValue(seconds);
  syncBuiltinESMExports();
}
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('the clock of a lock', () => {
  it('goes on while it sleeps', async () => {
    const clock = systemClock();
    const before = clock.elapsedMs();
    await clock.sleep(20, new AbortController().signal);
    expect(clock.elapsedMs()).toBeGreaterThan(before);
  });

  it('counts what the machine slept, though the monotonic clock stood still', () => {
    const clock = systemClock();
    const before = clock.elapsedMs();
    setUptime(os.uptime() + 600);
    expect(clock.elapsedMs() - before).toBeGreaterThanOrEqual(590_000);
  });

  it('does not go back where the system tells less than it did', () => {
    const clock = systemClock();
    const before = clock.elapsedMs();
    setUptime(1);
    expect(clock.elapsedMs()).toBeGreaterThanOrEqual(before);
  });

  it('stops sleeping with the reason of the signal, also one that is aborted before', async () => {
    const reason = new Error('SIGINT');
    const controller = new AbortController();
    const sleeping = systemClock().sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(systemClock().sleep(60_000, controller.signal)).rejects.toBe(reason);
  });
});
