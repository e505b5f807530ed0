import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runProcess } from '../helpers/cli.js';
import { contentsOf, redisLinesIn, useRedisBackups } from '../helpers/redis-backups.js';
import { type RedisProxy, startRedisProxy } from '../helpers/redis-proxy.js';
import { type RedisServer, startRedisServer } from '../helpers/redis-server.js';

/** A Redis, or the program, that ends in the middle of a backup or a restore of keys. */

const world = useRedisBackups();
const KEYS = 2000;

let proxy: RedisProxy | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

async function fill(redis = world.redis): Promise<Map<string, unknown>> {
  const pipeline = redis.pipeline();
  for (let at = 0; at < KEYS; at++) {
    pipeline.hset(`billing:user:${at}`, { bytes_processed: `${at}`, job_count: '3', extra: 'x' });
  }
  const items = Array.from({ length: 30_000 }, (_none, at) => `item ${at} ${'x'.repeat(30)}`);
  pipeline.rpush('billing:large', ...items);
  pipeline.sadd('billing:large-set', ...items);
  await pipeline.exec();
  return await contentsOf(redis);
}

/** Cuts all connections at the n-th request in which the words come. */
async function cutAt(words: RegExp, count: number, onCut?: () => void): Promise<RedisProxy> {
  let met = 0;
  proxy = await startRedisProxy(world.url, {
    onRequest: (text) => {
      met += words.test(text) ? 1 : 0;
      if (met < count) return;
      onCut?.();
      proxy?.cut();
    },
  });
  return proxy;
}

/** Whole or absent; keys that are being built lie under another name, with an end. */
async function expectWhole(
  before: ReadonlyMap<string, unknown>,
  redis = world.redis,
): Promise<number> {
  const now = await contentsOf(redis);
  let whole = 0;
  for (const [key, value] of now) {
    if (key.startsWith('mangamotion:restore:')) {
      expect(await redis.pttl(key)).toBeGreaterThan(0);
    } else {
      expect(value).toEqual(before.get(key));
      whole += 1;
    }
  }
  return whole;
}

describe('a backup during which Redis goes away', () => {
  it.each([
    ['at its first values', /HGETALL/, 1],
    ['in the middle of a large key', /SSCAN|LRANGE/, 2],
    ['later in a large key', /SSCAN|LRANGE/, 3],
  ])('%s is partial, and what it holds is sound', async (_when, words, count) => {
    await fill();
    const { url } = await cutAt(words, count);
    const { answer, exitCode, path } = await world.backUp({ url });
    expect({ exitCode, objects: answer.objects.captured }).toEqual({ exitCode: 3, objects: 1 });
    expect(answer.redis).toMatchObject({ status: 'partial', changed_meanwhile: null });
    expect(answer.redis?.failures.at(-1)?.reason).toContain('cannot reach Redis');
    expect(await world.verify(path)).toMatchObject({ exitCode: 0 });
  });

  it('in the second reading holds all keys, and does not know how many changed', async () => {
    await fill();
    let scans = 0;
    proxy = await startRedisProxy(world.url, {
      onRequest: (text) => {
        if (/\r\nSCAN\r\n\$\d+\r\n0\r\n/i.test(text)) scans += 1;
        if (scans === 2) proxy?.cut();
      },
    });
    const { answer, exitCode, path } = await world.backUp({ url: proxy.url });
    expect(exitCode).toBe(0);
    expect(answer.redis).toMatchObject({
      ...{ status: 'complete', keys: KEYS + 2, changed_meanwhile: null },
    });
    expect(redisLinesIn(path).length).toBeGreaterThanOrEqual(KEYS + 2);
  });
});

describe('a restore that is cut off', { timeout: 240_000 }, () => {
  it.each([1, 4, 8, 14])(
    'at transaction %i leaves every key whole or absent, and goes on when it is run again',
    async (count) => {
      const before = await fill();
      const { path } = await world.backUp();
      await world.redis.flushall();
      const { url } = await cutAt(/\r\nEXEC\r\n/, count);
      const cut = await world.restore(path, [], url);
      expect(cut).toMatchObject({ exitCode: 6, answer: { error: { code: 'unreachable' } } });
      expect(cut.stderr).toMatch(/stopped with [\d,]+ keys? of Redis restored/);
      const whole = await expectWhole(before);
      expect(whole).toBeLessThan(before.size);
      expect(await world.restore(path)).toMatchObject({ exitCode: 0 });
      expect(await expectWhole(before)).toBe(before.size);
    },
  );

  it.each([1, 6, 12])('by kill -9 at transaction %i does the same', async (count) => {
    const before = await fill();
    const { path } = await world.backUp();
    await world.redis.flushall();
    const running: ReturnType<typeof runProcess>[] = [];
    const { url } = await cutAt(/\r\nMULTI\r\n/, count, () => running[0]?.kill('SIGKILL'));
    running.push(runProcess(['restore', path, 'redis'], { env: { REDIS_URL: url } }));
    await running[0];
    expect(await expectWhole(before)).toBeLessThan(before.size);
    expect(await world.restore(path)).toMatchObject({ exitCode: 0 });
    expect(await expectWhole(before)).toBe(before.size);
  });
});

describe('a redis-server that is killed with -9', { timeout: 240_000 }, () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    // What it has answered is in its file, which a kill leaves as it is.
    server = await startRedisServer({ args: ['--appendonly', 'yes'] });
    redis = new Redis(server.url, { retryStrategy: () => 50 });
    redis.on('error', () => undefined);
  });
  afterEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  /** Kills it at the n-th request in which the words come, which it then does not answer. */
  async function killAt(words: RegExp, count: number): Promise<string> {
    let met = 0;
    proxy = await startRedisProxy(server.url, {
      onRequest: async (text) => {
        met += words.test(text) ? 1 : 0;
        if (met !== count) return;
        met += 1;
        await server.kill();
      },
    });
    return proxy.url;
  }

  it('during a backup makes it partial, and the archive is whole', async () => {
    const before = await fill(redis);
    const url = await killAt(/HGETALL/, 3);
    const { answer, exitCode, path } = await world.backUp({ url });
    expect({ exitCode, objects: answer.objects.captured }).toEqual({ exitCode: 3, objects: 1 });
    expect(answer.redis?.status).toBe('partial');
    expect(answer.redis?.failures).toEqual([
      { key: null, reason: expect.stringContaining('cannot reach Redis') as string },
    ]);
    expect(await world.verify(path)).toMatchObject({ exitCode: 0 });
    const whole = redisLinesIn(path).filter(
      ({ more, abandoned }) => more !== true && abandoned !== true,
    );
    expect(whole).toHaveLength(answer.redis?.keys ?? -1);
    await server.revive();
    await redis.flushall();
    // What it holds comes back, and it says that this is not all.
    const { keys } = answer.redis ?? {};
    expect(await world.restore(path, [], server.url)).toMatchObject({
      ...{ exitCode: 3, answer: { restored: keys } },
    });
    expect(await expectWhole(before, redis)).toBe(keys);
  });

  it.each([2, 9])(
    'at transaction %i of a restore leaves each key whole or absent',
    async (count) => {
      const before = await fill(redis);
      const { path } = await world.backUp({ url: server.url });
      await redis.flushall();
      const cut = await world.restore(path, [], await killAt(/\r\nEXEC\r\n/, count));
      expect(cut).toMatchObject({ exitCode: 6, answer: { error: { code: 'unreachable' } } });
      await server.revive();
      expect(await expectWhole(before, redis)).toBeLessThan(before.size);
      expect(await world.restore(path, [], server.url)).toMatchObject({ exitCode: 0 });
      expect(await expectWhole(before, redis)).toBe(before.size);
    },
  );
});
