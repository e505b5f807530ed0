import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startChore } from '../../../src/serve/chore.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE_MS = 60_000;

describe('a chore', () => {
  it('is done at once and again after the pause, and wakes nobody in between', async () => {
    let done = 0;
    const stop = startChore(async () => {
      await Promise.resolve();
      done += 1;
    }, 10 * MINUTE_MS);
    await vi.advanceTimersByTimeAsync(0);
    expect([done, vi.getTimerCount()]).toEqual([1, 1]);
    const beganAtMs = Date.now();
    await vi.advanceTimersToNextTimerAsync();
    expect([done, Date.now() - beganAtMs]).toEqual([2, 10 * MINUTE_MS]);
    // A clock that is set changes nothing.
    vi.setSystemTime(Date.now() + 86_400_000);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(done).toBe(2);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that takes long is not begun again meanwhile, and ends with the stop', async () => {
    let begun = 0;
    let end: () => void = () => undefined;
    const stop = startChore(() => {
      begun += 1;
      return new Promise((resolve) => (end = resolve));
    }, MINUTE_MS);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect(begun).toBe(1);
    stop();
    end();
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    expect([begun, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
