import { afterEach, describe, expect, it, vi } from 'vitest';
import { failureLog } from '../../../src/schedule/log.js';
import { keepingLog } from './notify/kept-log.js';

afterEach(() => vi.useRealTimers());

describe('failures that repeat', () => {
  it('are logged once a minute for each reason: another reason is not held back', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { log, told } = keepingLog();
    const report = failureLog(log, 'it failed');
    const reasons = () => told.splice(0).map(({ fields }) => (fields as { reason: string }).reason);
    for (const reason of ['full', 'full', 'gone', 'full', 'gone']) report(new Error(reason));
    expect(reasons()).toEqual(['full', 'gone']);
    vi.advanceTimersByTime(60_000);
    for (const reason of ['full', 'gone', 'full']) report(new Error(reason));
    expect(reasons()).toEqual(['full', 'gone']);
  });

  it('do not fill the log where each has another reason', () => {
    const { log, told } = keepingLog();
    const report = failureLog(log, 'it failed');
    for (let at = 0; at < 1000; at++) report(new Error(`attempt ${at}`));
    expect(told.length).toBeLessThanOrEqual(20);
  });
});
