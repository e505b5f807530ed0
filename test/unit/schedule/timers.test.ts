import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startLongTimer } from '../../../src/schedule/timers.js';

const DAY_MS = 86_400_000;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a time of sixty days is sixty days, and not none', () => {
  let calls = 0;
  startLongTimer(() => calls++, 60 * DAY_MS);
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(calls).toBe(0);
  vi.advanceTimersByTime(1);
  expect(calls).toBe(1);
});

it('it is ended in any part of it', () => {
  let calls = 0;
  const stop = startLongTimer(() => calls++, 60 * DAY_MS);
  vi.advanceTimersByTime(30 * DAY_MS);
  stop();
  vi.advanceTimersByTime(90 * DAY_MS);
  expect(calls).toBe(0);
});
