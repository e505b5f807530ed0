import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShardEngine } from '../../src/backup/shards/engine.js';
import { MangamotionError } from '../../src/errors.js';
import type { EngineView } from '../../src/workers/engine.js';
import type { WorkDone, WorkHooks, WorkerJob } from '../../src/workers/work.js';
import { waitUntil } from '../helpers/child-processes.js';

type Capture = (job: WorkerJob, hooks: WorkHooks) => Promise<WorkDone>;

/** What the suite needs of an implementation. */
export interface EngineWorld {
  /** Opens the head of a run. */
  open(run: { run: string; token: string }): Promise<ShardEngine>;
  /** Starts a process of workers, which offers then reach. */
  work(slots: number, capture: Capture): Promise<void>;
  /** Ends workers and connections. */
  close(): Promise<void>;
}

const RUN = { run: 'minio_backup_full_20261130_020000', token: 'a'.repeat(32) };
/** Begun in the same second, at another destination. */
const OTHER = { ...RUN, token: 'b'.repeat(32) };
const range = (bucket: string) => ({ bucket, after: null, through: 'm/ü\ud83d\ude00' });
const offer = (number: number, attempt = 1) => ({ number, attempt, range: range(`b${number}`) });

export function describeShardEngine(name: string, create: () => Promise<EngineWorld>): void {
  describe(`a shard engine: ${name}`, () => {
    let world: EngineWorld;
    let engine: ShardEngine;
    beforeEach(async () => {
      world = await create();
      engine = await world.open(RUN);
    });
    afterEach(async () => {
      await world.close();
    });

    const until = async (what: string, isSo: (view: EngineView) => boolean) => {
      let view = await engine.look();
      await waitUntil(
        what,
        [],
        async () => {
          view = await engine.look();
          return isSo(view);
        },
        20_000,
      );
      return view;
    };

    it('keeps offers until somebody is there, and each of them once', async () => {
      expect((await engine.look()).workers ?? 0).toBe(0);
      await engine.offer([offer(1), offer(2)]);
      await engine.offer([offer(2), offer(3)]);
      const view = await engine.look();
      expect(numbersOf(view.waiting)).toEqual([1, 2, 3]);
      expect(view.working).toEqual([]);
      expect(view.failed).toEqual([]);
    });

    it('hands each offer to one worker, with its range, and tells how far that has come', async () => {
      const jobs: WorkerJob[] = [];
      const ends = new Map<number, () => void>();
      await world.work(2, async (job, { onProgress }) => {
        jobs.push(job);
        onProgress({ objects: 0, bytes: 0 });
        const timer = setInterval(() => onProgress({ objects: 7, bytes: 700 }), 20);
        await new Promise<void>((resolve) => ends.set(job.number, resolve));
        clearInterval(timer);
        return { part: 'part', objects: 7, bytes: 700 };
      });
      await engine.offer([offer(1), offer(2), offer(3)]);
      const view = await until(
        'two at work',
        ({ working }) => working.length === 2 && working.every(({ objects }) => objects === 7),
      );
      expect(numbersOf(view.waiting)).toEqual([3]);
      expect(view.workers ?? 2).toBe(2);
      expect(new Set(view.working.map(({ worker }) => worker)).size).toBe(2);
      for (const { worker, bytes, elapsedMs, silentMs } of view.working) {
        expect(worker).not.toBe('');
        expect(bytes).toBe(700);
        expect(silentMs).toBeLessThan(10_000);
        expect(elapsedMs).toBeGreaterThanOrEqual(silentMs);
      }
      expect(jobs.find(({ number }) => number === 1)).toMatchObject({
        ...RUN,
        ...offer(1),
        format: 1,
      });
      ends.get(1)?.();
      await until('the third', ({ working }) => numbersOf(working).join() === '2,3');
      ends.get(2)?.();
      ends.get(3)?.();
      await until('all done', ({ waiting, working }) => waiting.length + working.length === 0);
      expect(numbersOf(jobs)).toEqual([1, 2, 3]);
    });

    it('tells why a worker gave up, until another attempt is offered', async () => {
      const attempts: number[] = [];
      await world.work(1, ({ attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new MangamotionError('access_denied', 'b1: the store refuses it');
        return Promise.resolve({ part: 'part', objects: 1, bytes: 1 });
      });
      await engine.offer([offer(1)]);
      const { failed } = await until('the failure', (view) => view.failed.length > 0);
      expect(failed).toMatchObject([
        { number: 1, attempt: 1, code: 'access_denied', message: 'b1: the store refuses it' },
      ]);
      expect(failed[0]?.worker).not.toBe('');
      // The same attempt is not begun again.
      await engine.offer([offer(1)]);
      expect((await engine.look()).failed).toEqual(failed);
      await engine.offer([offer(1, 2)]);
      await until('the end', ({ failed, waiting, working }) => {
        return failed.length + waiting.length + working.length === 0;
      });
      expect(attempts).toEqual([1, 2]);
    });

    it('takes back at its end what was offered, and ends what was begun', async () => {
      const other = await world.open(OTHER);
      const begun = new Set<number>();
      const aborted: number[] = [];
      await world.work(1, async ({ number }, { signal, onProgress }) => {
        begun.add(number);
        const timer = setInterval(() => onProgress({ objects: 1, bytes: 1 }), 20);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        clearInterval(timer);
        aborted.push(number);
        signal.throwIfAborted();
        throw new Error('it was not aborted');
      });
      await engine.offer([offer(1), offer(2)]);
      await until('the first', () => begun.has(1));
      await other.offer([offer(8)]);
      await engine.close();
      await waitUntil('the abort', [], () => Promise.resolve(aborted.includes(1)), 20_000);
      await waitUntil('the other run', [], () => Promise.resolve(begun.has(8)), 30_000);
      expect(begun.has(2)).toBe(false);
      await other.close();
    });
  });
}

function numbersOf(offers: readonly { number: number }[]): number[] {
  return offers.map(({ number }) => number).sort((a, b) => a - b);
}
