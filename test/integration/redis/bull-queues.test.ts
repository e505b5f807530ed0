import { afterEach, describe, expect, it } from 'vitest';
import { type BullQueue, BullQueues, MAJORS, fillQueue } from '../../helpers/bull-queues.js';
import { waitUntil } from '../../helpers/child-processes.js';
import { contentsOf, useRedisBackups } from '../../helpers/redis-backups.js';

/** A queue of each version of BullMQ comes back from a backup, and a worker of that version goes on. */

const world = useRedisBackups();
const HOUR_MS = 3_600_000;
let queues: BullQueues | undefined;
afterEach(() => queues?.close());

const PATTERN = ['--redis-pattern', 'bull:*'];

async function reached(queue: BullQueue, ids: readonly string[], state: string): Promise<void> {
  for (const id of ids) {
    const isThere = async () => (await (await queue.getJob(id))?.getState()) === state;
    await waitUntil(`job ${id} to be ${state}`, [], isThere, 60_000);
  }
}

describe.each(MAJORS)('a queue of BullMQ %i', (major) => {
  it(
    'comes back with jobs in every state, and its worker finishes them',
    { timeout: 180_000 },
    async () => {
      const { redis } = world;
      queues = await BullQueues.load(major, world.url);
      const queue = queues.queue('ai-job');
      const filled = await fillQueue(queues, 'ai-job');
      const options = { repeat: { every: HOUR_MS } };
      await queue.add('repeated', {}, options);
      const soon = await queue.add('render', {}, { delay: 1 });
      // Nothing may change any more: what holds the active jobs would renew their locks.
      const { exitCode, path, answer } = await world.backUp({ args: PATTERN });
      expect({ exitCode, status: answer.redis?.status }).toEqual({
        exitCode: 0,
        status: 'complete',
      });
      await queues.close();
      queues = undefined;
      await redis.flushall();
      const restored = await world.restore(path);
      expect({ exitCode: restored.exitCode, failures: restored.answer.failures }).toEqual({
        exitCode: answer.redis?.losses.length === 0 ? 0 : 3,
        failures: [],
      });
      const after = await contentsOf(redis, 'bull:*');
      const locks = [...after.keys()].filter((key) => key.endsWith(':lock'));
      expect(after.size).toBeGreaterThan(10);

      queues = await BullQueues.load(major, world.url);
      const again = queues.queue('ai-job');
      const states = async (id: string) => await (await again.getJob(id))?.getState();
      expect(await states(filled.completed)).toBe('completed');
      expect(await states(filled.failed)).toBe('failed');
      expect(await states(filled.delayed)).toBe('delayed');
      expect(await states(filled.retrying)).toBe('delayed');
      expect(await states(filled.parent)).toBe('waiting-children');
      expect(await states(filled.active)).toBe('active');
      // The worker that held them is gone: their locks expire, and they are taken up as stalled.
      for (const lock of locks) await redis.del(Buffer.from(lock, 'latin1'));
      queues.work('ai-job', 4);
      const { waiting, named, urgent } = filled;
      await expectDone(again, [waiting, named, urgent, soon.id ?? '']);
      // New jobs get ids that none of the old ones has.
      const fresh = await again.add('render', {}, { removeOnComplete: false });
      await reached(again, [fresh.id ?? ''], 'completed');
      expect(Object.values(filled)).not.toContain(fresh.id);
    },
  );
});

/** They are removed when they are completed, as the backend has it, or stay as completed. */
async function expectDone(queue: BullQueue, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const isDone = async () => {
      const job = await queue.getJob(id);
      return job === undefined || (await job.getState()) === 'completed';
    };
    await waitUntil(`job ${id} to be done`, [], isDone, 60_000);
  }
}
