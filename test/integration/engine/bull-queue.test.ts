import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShardEngine } from '../../../src/backup/shards/engine.js';
import type { DoWork } from '../../../src/engine/bullmq/bull-worker.js';
import type { EngineView } from '../../../src/workers/engine.js';
import type { WorkerJob } from '../../../src/workers/work.js';
import { builtScript } from '../../helpers/built-script.js';
import { BullWorld } from '../../helpers/bull-world.js';
import { waitUntil } from '../../helpers/child-processes.js';
import { startRedisProxy } from '../../helpers/redis-proxy.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const RUN = { run: 'minio_backup_full_20261130_020000', token: 'a'.repeat(32) };
const offer = (number: number, attempt = 1) => ({
  ...{ number, attempt },
  range: { bucket: 'originals', after: null, through: null },
});
const DONE = { part: 'part', objects: 1, bytes: 10 };
const GIVE_UP_MS = 60_000;

/** Captures that end when the test says so, and that report meanwhile. */
class Captures {
  readonly begun: WorkerJob[] = [];
  readonly aborted: { number: number; reason: string }[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly capture: DoWork = async (job, { signal, onProgress }) => {
    this.begun.push(job);
    const timer = setInterval(() => onProgress({ objects: 1, bytes: 10 }), 20);
    try {
      await new Promise<void>((resolve) => {
        this.#ends.set(`${job.number}-${job.attempt}`, resolve);
        signal.addEventListener('abort', () => resolve());
      });
    } finally {
      clearInterval(timer);
    }
    if (signal.aborted) {
      this.aborted.push({ number: job.number, reason: String(signal.reason) });
      signal.throwIfAborted();
    }
    return DONE;
  };

  end(number: number, attempt = 1): void {
    this.#ends.get(`${number}-${attempt}`)?.();
  }
}

describe('the queue of shards', () => {
  let world: BullWorld;
  let engine: ShardEngine;
  let captures: Captures;
  beforeEach(async () => {
    // It is away in some tests.
    used.redis.removeAllListeners('error').on('error', () => undefined);
    world = new BullWorld(used.server.port);
    engine = await world.open(RUN);
    captures = new Captures();
  });
  afterEach(async () => {
    await world.close();
  });

  const until = async (isSo: () => boolean, what = 'it') =>
    waitUntil(what, [], () => Promise.resolve(isSo()), GIVE_UP_MS);
  const view = async (isSo: (seen: EngineView) => boolean): Promise<EngineView> => {
    let seen: EngineView | undefined;
    const look = async () => {
      // Redis may be away.
      seen = await engine.look().catch(() => undefined);
      return seen !== undefined && isSo(seen);
    };
    await waitUntil('the view', [], look, GIVE_UP_MS);
    if (seen === undefined) throw new Error('nothing was seen');
    return seen;
  };
  const keys = async () => (await used.redis.keys('*')).sort();

  it('leaves no key behind, and none of the live queues alone', async () => {
    await used.redis.set('bull:ai-job:meta', 'live');
    await world.start(1, () => Promise.resolve(DONE));
    await engine.offer([offer(1), offer(2)]);
    await view(({ waiting, working }) => waiting.length + working.length === 0);
    await world.close();
    // The check for lost workers expires by itself.
    expect(await keys()).toEqual(['bull:ai-job:meta', 'mangamotion:test:stalled-check']);
  });

  it('keeps nothing secret, and no job that is done', async () => {
    await engine.offer([offer(1)]);
    const [id = ''] = await used.redis.lrange('mangamotion:test:wait', 0, -1);
    expect(id).toBe(`${RUN.run}-aaaaaaaa-1-1`);
    expect(JSON.parse((await used.redis.hget(`mangamotion:test:${id}`, 'data')) ?? '')).toEqual({
      ...{ format: 1, ...RUN, tool: 'mangamotion 0.0.0-test', kind: 'capture' },
      ...offer(1),
    });
    await world.start(1, () => Promise.resolve(DONE));
    await view(({ waiting, working }) => waiting.length + working.length === 0);
    // The sign of life of the head goes with the head.
    expect((await keys()).filter((key) => key.includes(RUN.run))).toEqual([
      `mangamotion:test:${RUN.run}-aaaaaaaa-head`,
    ]);
    await world.close();
    expect((await keys()).filter((key) => key.includes(RUN.run))).toEqual([]);
  });

  it('keeps the answer to a share until the head has read it, and then nothing', async () => {
    const head = await world.openEngine(RUN);
    const verify = (number: number, attempt = 1) => ({
      ...{ kind: 'verify' as const, number, attempt, backup: RUN.run, options: '{}' },
      ...{
        archive_sha256: '0'.repeat(64),
        stored: '1'.repeat(64),
        share: { index: number, of: 2 },
      },
    });
    const jobs: WorkerJob[] = [];
    await world.start(1, (job) => {
      jobs.push(job);
      return Promise.resolve({ objects: 1, bytes: 10, result: `the answer ${job.number} ü\u2028` });
    });
    await head.offer([verify(1), verify(2)]);
    let answered: EngineView['answered'] = [];
    const both = async () => (answered = (await head.look()).answered ?? []).length === 2;
    await waitUntil('the answers', [], both, GIVE_UP_MS);
    expect([...answered].sort((a, b) => a.number - b.number)).toEqual([
      { number: 1, attempt: 1, result: 'the answer 1 ü\u2028' },
      { number: 2, attempt: 1, result: 'the answer 2 ü\u2028' },
    ]);
    expect(jobs.find(({ number }) => number === 1)).toEqual({
      ...{ format: 1, ...RUN, tool: 'mangamotion 0.0.0-test' },
      ...verify(1),
    });
    // What is no answer is none: anybody may write into Redis.
    const forge = (number: number, value: string) =>
      used.redis.hset(`mangamotion:test:${RUN.run}-aaaaaaaa-${number}-1`, 'returnvalue', value);
    await forge(1, '{"result":7}');
    await forge(2, JSON.stringify({ result: 'x'.repeat(300_001) }));
    expect((await (await world.openEngine(RUN)).look()).answered).toEqual([]);
    await head.close();
    expect((await keys()).filter((key) => key.includes(RUN.run))).toEqual([]);
  });

  it('does no share of a head that is gone, which would overwrite what is newer', async () => {
    const head = await world.openEngine(RUN);
    const restore = (number: number) => ({
      ...{ kind: 'restore' as const, number, attempt: 1, backup: RUN.run, options: '{}' },
      ...{
        archive_sha256: '0'.repeat(64),
        stored: '1'.repeat(64),
        share: { index: number, of: 2 },
      },
      target: { endpoint: 'http://127.0.0.1:9000' },
    });
    const life = `mangamotion:test:${RUN.run}-aaaaaaaa-head`;
    await world.start(1, captures.capture);
    await head.offer([restore(1), restore(2)]);
    await waitUntil('a share', [], () => Promise.resolve(captures.begun.length === 1), GIVE_UP_MS);
    expect(await used.redis.pttl(life)).toBeGreaterThan(0);
    // As it is some time after a head was killed, with one share under way and another one waiting.
    await used.redis.del(life);
    await until(() => world.log.filter(({ reason }) => reason !== undefined).length === 2);
    expect(captures.aborted).toHaveLength(1);
    expect(captures.begun).toHaveLength(1);
    const gone = 'the head of this share is gone, and nobody waits for it';
    expect(world.log.flatMap(({ reason }) => reason ?? [])).toEqual([gone, gone]);
    // A capture goes on: the next head takes the part.
    await engine.offer([offer(3)]);
    await until(() => captures.begun.length === 2);
    await used.redis.del(life);
    captures.end(3);
    await until(() => world.log.some(({ message }) => message === 'a shard is done'));
  });

  it('ends a share where Redis does not tell for a while whether its head lives', async () => {
    const head = await world.openEngine(RUN);
    await world.start(1, captures.capture);
    await head.offer([
      {
        ...{ kind: 'restore', number: 1, attempt: 1, backup: RUN.run, options: '{}' },
        ...{ archive_sha256: '0'.repeat(64), stored: '1'.repeat(64) },
        ...{ share: { index: 1, of: 1 }, target: { endpoint: 'http://127.0.0.1:9000' } },
      },
    ]);
    await until(() => captures.begun.length === 1);
    await used.server.kill();
    await until(() => captures.aborted.length === 1);
    expect(captures.aborted[0]?.reason).toContain('no longer tells whether the head is alive');
  });

  it('refuses a share of more than there can be: to cut them takes memory', async () => {
    await world.start(1, captures.capture);
    const head = await world.openEngine(RUN);
    await head.offer([
      {
        ...{ kind: 'verify', number: 1, attempt: 1, backup: RUN.run, options: '{}' },
        ...{
          archive_sha256: '0'.repeat(64),
          stored: '1'.repeat(64),
          share: { index: 1, of: 100_000_000 },
        },
      },
    ]);
    await until(() => world.log.some(({ code }) => code === 'refused'));
    expect(world.log.map(({ reason }) => reason)).toEqual([
      'the job is not one of ours: share.of is wrong',
    ]);
    expect(captures.begun).toEqual([]);
  });

  it('counts the slots of all processes that listen', async () => {
    await world.start(3, captures.capture, 1);
    await world.start(2, captures.capture, 2);
    await until(() => used.redis.status === 'ready');
    await waitUntil(
      'the workers',
      [],
      async () => /w:.*w:/s.test(String(await used.redis.call('CLIENT', 'LIST'))),
      GIVE_UP_MS,
    );
    expect((await (await world.open(RUN)).look()).workers).toBe(5);
  });

  it(
    'fails the job of a worker that was killed, and another takes the next attempt',
    { timeout: 150_000 },
    async () => {
      const script = await builtScript('bull-worker-process');
      const child = fork(script, [String(used.server.port), 'test']);
      try {
        await engine.offer([offer(1)]);
        await view(({ working }) => (working[0]?.objects ?? 0) > 3);
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      const silent = await view(({ working }) => (working[0]?.silentMs ?? 0) > 500);
      expect(silent.working[0]?.worker).toContain(`/${child.pid}/1`);
      await world.start(1, captures.capture);
      const { failed } = await view((seen) => seen.failed.length > 0);
      expect(failed).toMatchObject([{ number: 1, attempt: 1, code: 'unreachable' }]);
      expect(failed[0]?.message).toContain('the worker was lost');
      await engine.offer([offer(1, 2)]);
      const { working } = await view((seen) => seen.working.length > 0);
      expect(working).toMatchObject([{ number: 1, attempt: 2 }]);
      captures.end(1, 2);
      const last = await view((seen) => seen.working.length === 0);
      expect(last.failed).toEqual([]);
    },
  );

  it('aborts a shard whose lock was lost, of which another attempt may be under way', async () => {
    await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    await used.redis.del(`mangamotion:test:${RUN.run}-aaaaaaaa-1-1:lock`);
    await until(() => captures.aborted.length > 0);
    expect(captures.aborted[0]?.reason).toContain('lock');
    // It goes on with others.
    await engine.offer([offer(2)]);
    await until(() => captures.begun.length > 1);
  });

  it('offers again what a Redis that was emptied has forgotten', async () => {
    await world.start(1, captures.capture);
    await engine.offer([offer(1), offer(2)]);
    await view(({ working }) => working.length > 0);
    await used.redis.flushall();
    const { waiting, working, failed } = await engine.look();
    expect([...waiting, ...working, ...failed]).toEqual([]);
    await until(() => captures.aborted.length > 0);
    expect(captures.aborted[0]?.reason).toContain('Redis was emptied');
    await engine.offer([offer(1), offer(2)]);
    await view((seen) => seen.working.length === 1 && seen.waiting.length === 1);
    captures.end(1);
    await until(() => captures.begun.length > 2);
    captures.end(2);
    await view((seen) => seen.working.length + seen.waiting.length === 0);
  });

  it('survives a Redis that is restarted without its data, and says so once', async () => {
    await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    await used.server.kill();
    await expect(engine.look()).rejects.toMatchObject({ code: 'unreachable' });
    await expect(engine.offer([offer(2)])).rejects.toMatchObject({
      code: 'unreachable',
      hint: 'check REDIS_URL, and that the server runs and can be reached from here',
    });
    await until(() => world.log.some(({ message }) => message.startsWith('Redis is away')));
    await used.server.revive();
    await view(({ working, waiting }) => working.length + waiting.length === 0);
    await until(() => world.log.some(({ message }) => message === 'Redis is back'));
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length === 1);
    captures.end(1);
    await view(({ working }) => working.length === 0);
    const about = world.log.filter(({ message }) => message.startsWith('Redis'));
    expect(about.map(({ message }) => message)).toEqual([
      'Redis is away: trying again',
      'Redis is back',
    ]);
  });

  it('outlasts a Redis that stops for a while', async () => {
    await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    await used.redis.call('CLIENT', 'PAUSE', '1000', 'ALL');
    await engine.look();
    await engine.offer([offer(2)]);
    expect(captures.aborted).toEqual([]);
    captures.end(1);
    await until(() => captures.begun.length === 2);
    captures.end(2);
    await view(({ working, waiting }) => working.length + waiting.length === 0);
  });

  it('waits no longer than for a command, where Redis is silent', async () => {
    await engine.offer([offer(1)]);
    await used.redis.call('CLIENT', 'PAUSE', '2500', 'ALL');
    await expect(engine.look()).rejects.toMatchObject({ code: 'unreachable' });
    await used.redis.call('CLIENT', 'UNPAUSE');
    const { waiting } = await view(() => true);
    expect(waiting).toEqual([{ number: 1, attempt: 1 }]);
  });

  it('lets shards end when it is told to end, and takes no more', async () => {
    const worker = await world.start(1, captures.capture);
    await engine.offer([offer(1), offer(2)]);
    await view(({ working }) => working.length > 0);
    const ended = worker.end(GIVE_UP_MS);
    expect(worker.state).toMatchObject({ isEnding: true, running: 1 });
    captures.end(1);
    await ended;
    expect(worker.state).toMatchObject({ done: 1, running: 0, givenBack: 0 });
    const { waiting, working, failed } = await engine.look();
    expect({ waiting, working, failed }).toEqual({
      waiting: [{ number: 2, attempt: 1 }],
      working: [],
      failed: [],
    });
  });

  it('gives shards back where the grace is over: the same attempt goes to another', async () => {
    const worker = await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    await worker.end(10);
    expect(worker.state).toMatchObject({ done: 0, failed: 0, givenBack: 1 });
    expect((await engine.look()).waiting).toEqual([{ number: 1, attempt: 1 }]);
    await world.start(1, captures.capture);
    await until(() => captures.begun.length === 2);
    captures.end(1);
    await view(({ working, waiting }) => working.length + waiting.length === 0);
  });

  it('ends without Redis too', async () => {
    const worker = await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    await used.server.kill();
    try {
      await worker.end(10);
      expect(captures.aborted).toHaveLength(1);
    } finally {
      await used.server.revive();
    }
  });

  it('refuses jobs of another version, with the reason', async () => {
    await world.start(1, captures.capture);
    const newer = await world.open({ ...RUN, token: 'c'.repeat(32) }, 'mangamotion 9.0.0');
    await newer.offer([offer(1)]);
    let seen = await newer.look();
    await waitUntil(
      'the refusal',
      [],
      async () => (seen = await newer.look()).failed.length > 0,
      GIVE_UP_MS,
    );
    expect(seen.failed).toMatchObject([{ number: 1, attempt: 1, code: 'refused' }]);
    expect(seen.failed[0]?.message).toBe(
      'the head is mangamotion 9.0.0, and this worker is mangamotion 0.0.0-test',
    );
    expect(captures.begun).toEqual([]);
  });

  it('refuses what is no job of ours, and goes on', async () => {
    await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    captures.end(1);
    const key = `mangamotion:test:${RUN.run}-aaaaaaaa-2-1`;
    await engine.offer([offer(3)]);
    await view(({ working }) => working.length > 0);
    await engine.offer([offer(2)]);
    await used.redis.hset(key, 'data', '{"format":2,"range":"x"}');
    captures.end(3);
    const { failed } = await view((seen) => seen.failed.length > 0);
    expect(failed).toMatchObject([{ number: 2, code: 'refused' }]);
    expect(failed[0]?.message).toContain('format 2');
  });

  it('reads progress and failures that somebody else wrote for what they are', async () => {
    await world.start(1, captures.capture);
    await engine.offer([offer(1)]);
    await view(({ working }) => working.length > 0);
    const id = `${RUN.run}-aaaaaaaa-7-1`;
    await used.redis.hset(`mangamotion:test:${id}`, { failedReason: 'oh', progress: '{"a":1}' });
    await used.redis.zadd('mangamotion:test:failed', 1, id);
    const { failed } = await engine.look();
    expect(failed).toEqual([
      { number: 7, attempt: 1, worker: '', code: 'internal', message: 'oh' },
    ]);
    captures.end(1);
  });

  it('outlasts connections that are cut again and again', async () => {
    const proxy = await startRedisProxy(used.server.url, {});
    const other = new BullWorld(proxy.port);
    try {
      await other.start(1, captures.capture);
      for (const number of [1, 2, 3]) {
        await engine.offer([offer(number)]);
        await until(() => captures.begun.length === number);
        proxy.cut();
        captures.end(number);
        await view(({ waiting, working, failed }) => {
          return waiting.length + working.length + failed.length === 0;
        });
      }
    } finally {
      await other.close();
      await proxy.close();
    }
  });

  it('warns of a Redis that removes keys', async () => {
    await used.redis.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    try {
      await world.open(RUN);
      expect(world.warnings).toEqual([expect.stringContaining('allkeys-lru')]);
    } finally {
      await used.redis.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    }
  });
});
