import { describe, expect, it } from 'vitest';
import type { ShardContext } from '../../../../src/backup/shards/shard-context.js';
import type { ShardEngine, ShardOffer } from '../../../../src/backup/shards/engine.js';
import { gatherParts } from '../../../../src/backup/shards/gather-parts.js';
import type { PartList } from '../../../../src/backup/shards/part-list.js';
import { MangamotionError } from '../../../../src/errors.js';
import type { RunPlan } from '../../../../src/repository/runs/run-plan.js';

/** Gathers the parts of two shards, of which none ever comes. */
async function gather(offer: ShardEngine['offer'], patienceMs: number) {
  const warnings: string[] = [];
  const failed: Awaited<ReturnType<ShardEngine['look']>>['failed'] = [];
  const engine: ShardEngine = {
    name: 'the queue',
    offer: async (offers) => {
      await offer(offers);
      for (const { number, attempt } of offers) {
        failed.push({ ...{ number, attempt }, worker: 'w', code: 'refused', message: 'not mine' });
      }
    },
    look: () => Promise.resolve({ workers: 1, waiting: [], working: [], failed }),
    close: () => Promise.resolve(),
  };
  const nothing = (): void => undefined;
  const context = {
    clock: { now: () => new Date(), sleep: () => new Promise((done) => setTimeout(done, 1)) },
    signal: new AbortController().signal,
    progress: {
      start: nothing,
      phase: nothing,
      update: nothing,
      warn: (w: string) => warnings.push(w),
    },
  } as unknown as ShardContext;
  const parts = { parts: [], givenAway: [], refresh: () => Promise.resolve() };
  const shards = ['a', 'b'].map((bucket) => ({ range: { bucket, after: null, through: null } }));
  const plan = { run: 'r', recipients: [], shards } as unknown as RunPlan;
  const times = { leaseMs: 1, pollMs: 1, backoffMs: 1, patienceMs };
  const gathered = gatherParts(context, plan, {
    ...times,
    engine,
    parts: parts as unknown as PartList,
  });
  const error = await gathered.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, warnings };
}

describe('gathering parts', () => {
  it('counts no attempt that the engine has not taken, and tells once that it is away', async () => {
    const attempts = new Set<number>();
    const { error, warnings } = await gather((offers: readonly ShardOffer[]) => {
      for (const { attempt } of offers) attempts.add(attempt);
      return Promise.reject(new MangamotionError('unreachable', 'it takes no writes'));
    }, 100);
    expect(error).toMatchObject({ code: 'unreachable' });
    expect([...attempts]).toEqual([1]);
    expect(warnings).toEqual(['it takes no writes: the run goes on when it is back']);
  });

  it('gives up no range where no worker can capture any', async () => {
    const { error } = await gather(() => Promise.resolve(), 60_000);
    expect(error).toMatchObject({
      code: 'refused',
      message: 'every worker has given up: not mine',
    });
  });
});
