import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Turn, aheadInOrder } from '../../../../src/backup/find/ahead-in-order.js';

const passes = async (turns: number): Promise<void> => {
  for (let i = 0; i < turns; i += 1) await Promise.resolve();
};

it('results come in the order of the items, however long each takes, and so many at once', async () => {
  const job = fc.record({ takes: fc.nat(9), waits: fc.boolean() });
  const jobLists = fc.array(job, { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(jobLists, fc.integer({ min: 1, max: 5 }), async (jobs, atOnce) => {
      let [active, most] = [0, 0];
      const results: number[] = [];
      const work = async (place: number, turn: Turn): Promise<number> => {
        active += 1;
        most = Math.max(most, active);
        await passes(jobs[place]?.takes ?? 0);
        if (jobs[place]?.waits === true) {
          await turn.come;
          expect(results).toHaveLength(place);
        }
        active -= 1;
        return place;
      };
      for await (const { result } of aheadInOrder([...jobs.keys()], atOnce, work)) {
        results.push(result);
      }
      expect(results).toEqual([...jobs.keys()]);
      expect(most).toBe(Math.min(atOnce, jobs.length));
    }),
    { numRuns: 60 },
  );
});

it('a failure comes in the turn of its item, and nothing goes on after it', async () => {
  const results: number[] = [];
  let ended = 0;
  const reading = (async () => {
    const items = [1, 2, 3, 4, 5, 6];
    for await (const { result } of aheadInOrder(items, 3, async (item, { come, signal }) => {
      try {
        if (item === 3) throw new Error('three');
        await passes(20);
        if (item > 3) await come;
        signal.throwIfAborted();
        return item;
      } finally {
        ended += 1;
      }
    })) {
      results.push(result);
    }
  })();
  await expect(reading).rejects.toThrow('three');
  expect(results).toEqual([1, 2]);
  expect(ended).toBe(5);
});

it('a reader that stops early waits for what was begun', async () => {
  let ended = 0;
  const results = aheadInOrder([1, 2, 3, 4], 2, async (item, { come }) => {
    await come;
    ended += 1;
    return item;
  });
  expect(await results.next()).toMatchObject({ value: { result: 1 } });
  await results.return(undefined);
  expect(ended).toBe(2);
});
