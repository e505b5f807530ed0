import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inParallel } from '../../src/in-parallel.js';

describe('work in parallel', () => {
  it('gives results in the order of the items, so many at once and no more', async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel(3, [50, 1, 20, 5, 10, 1, 30], async (ms) => {
      running += 1;
      most = Math.max(most, running);
      await delay(ms);
      running -= 1;
      return ms * 2;
    });
    expect(results).toEqual([100, 2, 40, 10, 20, 2, 60]);
    expect(most).toBe(3);
  });

  it('of nothing is nothing, and a failure is the failure of all', async () => {
    expect(await inParallel(3, [], () => Promise.resolve(1))).toEqual([]);
    const work = (n: number) => (n === 2 ? Promise.reject(new Error('two')) : Promise.resolve(n));
    await expect(inParallel(2, [1, 2, 3], work)).rejects.toThrow('two');
  });
});
