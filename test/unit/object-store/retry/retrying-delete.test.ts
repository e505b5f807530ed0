import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { ObjectStore, UndeletedObject } from '../../../../src/object-store/port.js';
import { withRetries } from '../../../../src/object-store/retry/retry.js';

const passing = (key: string): UndeletedObject => ({ key, reason: 'SlowDown', mayPass: true });
const final = (key: string): UndeletedObject => ({ key, reason: 'AccessDenied', mayPass: false });

/** A store that answers each bulk delete with the next of the outcomes, and the last for ever. */
function storeOf(outcomes: (UndeletedObject[] | Error)[]) {
  const asked: string[][] = [];
  const delays: number[] = [];
  const deleteObjects: ObjectStore['deleteObjects'] = (_bucket, keys) => {
    const outcome = outcomes[Math.min(asked.push(keys), outcomes.length) - 1] ?? [];
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  const sleep = (delayMs: number) => Promise.resolve(void delays.push(delayMs));
  const store = withRetries({ endpoint: 'http://test', deleteObjects } as ObjectStore, {
    ...{ sleep, random: () => 1 },
  });
  return { store, asked, delays };
}

describe('a bulk delete with patience', () => {
  it('asks again only for what may pass, and reports what does not', async () => {
    const { store, asked } = storeOf([[passing('a'), final('b'), passing('c')], [final('c')]]);
    const failed = await store.deleteObjects('bucket', ['a', 'b', 'c', 'd']);
    expect(failed).toEqual([final('b'), final('c')]);
    expect(asked).toEqual([
      ['a', 'b', 'c', 'd'],
      ['a', 'c'],
    ]);
  });

  it('gives up after six attempts, and reports what is left', async () => {
    const { store, asked, delays } = storeOf([[passing('a')]]);
    expect(await store.deleteObjects('bucket', ['a', 'b'])).toEqual([passing('a')]);
    expect(asked).toHaveLength(6);
    expect(delays).toEqual([200, 400, 800, 1600, 3200]);
  });

  it('sends the whole again where the whole failed', async () => {
    const failure = new MangamotionError('unreachable', 'the line is cut');
    const { store, asked } = storeOf([failure, [passing('a')], failure, []]);
    expect(await store.deleteObjects('bucket', ['a', 'b'])).toEqual([]);
    expect(asked).toEqual([['a', 'b'], ['a', 'b'], ['a'], ['a']]);
  });

  it('fails with what there is no point in trying again', async () => {
    const failure = new MangamotionError('access_denied', 'no');
    const { store, asked } = storeOf([failure]);
    await expect(store.deleteObjects('bucket', ['a'])).rejects.toBe(failure);
    expect(asked).toHaveLength(1);
  });

  it('ends with the signal between two attempts', async () => {
    const { store, asked } = storeOf([[passing('a')]]);
    const reason = new Error('enough');
    const deleting = store.deleteObjects('bucket', ['a'], { signal: AbortSignal.abort(reason) });
    await expect(deleting).rejects.toBe(reason);
    expect(asked).toHaveLength(1);
  });
});
