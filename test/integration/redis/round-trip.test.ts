import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { contentsOf, redisLinesIn, useRedisBackups } from '../../helpers/redis-backups.js';

/** Keys of Redis go into a backup and come back as they were, of every type and of any bytes. */

const world = useRedisBackups();

const ODD = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x0a, 0x7f]);
const DAY_MS = 86_400_000;

async function fillEveryType(redis: Redis): Promise<void> {
  await redis.hset('billing:user:u1', { bytes_processed: '5', compute_seconds: '0.25' });
  await redis.hset('billing:user:__proto__', { ['__proto__']: 'x', constructor: 'y', '10': 'z' });
  await redis.hset('billing:bytes', ODD, ODD, 'text', 'text');
  await redis.set('billing:text', 'ä €\u{1f600}\ufffd\u0085\n"\\');
  await redis.set('billing:empty', '');
  await redis.set('billing:odd', ODD);
  await redis.set(Buffer.concat([Buffer.from('billing:'), ODD]), 'odd key');
  await redis.rpush('billing:list', 'b', 'a', ODD, 'a', '');
  await redis.sadd('billing:set', 'x', ODD, '1');
  await redis.sadd('billing:ints', '1', '2', '30');
  await redis.zadd('billing:zset', 'inf', 'top', '-inf', 'low', '0.1', 'tenth', '1e300', ODD);
  await redis.xadd('billing:stream', '5-1', 'f', 'v', 'f', ODD, 'g', '');
  await redis.xadd('billing:stream', '5-2', 'h', '1');
  await redis.xadd('billing:stream', '9-0', 'h', '1');
  await redis.xdel('billing:stream', '9-0');
  await redis.xgroup('CREATE', 'billing:stream', 'readers', '5-1');
  await redis.xgroup('CREATE', 'billing:empty-stream', 'g', '0', 'MKSTREAM');
  await redis.set('billing:event:bytes:1:e', '1', 'PX', DAY_MS);
  await redis.hset('billing:daily:u1:2026-11-01', 'job_count', '2');
  await redis.pexpire('billing:daily:u1:2026-11-01', 90 * DAY_MS);
}

async function livesOf(redis: Redis): Promise<Record<string, number>> {
  const lives: Record<string, number> = {};
  for (const key of await redis.keysBuffer('*')) {
    lives[key.toString('latin1')] = (await redis.call('PEXPIRETIME', key)) as number;
  }
  return lives;
}

describe('a backup with Redis', () => {
  it('holds keys of every type, and a restore into an empty Redis makes them again', async () => {
    const { redis } = world;
    await fillEveryType(redis);
    const before = await contentsOf(redis);
    const lives = await livesOf(redis);
    const { answer, exitCode, path } = await world.backUp();
    expect(exitCode).toBe(0);
    expect(answer.redis).toMatchObject({
      ...{ status: 'complete', keys: before.size, changed_meanwhile: 0, failures: [] },
      ...{ patterns: ['billing:*'], db: 0, members: 1, in_pieces: 0, losses: [] },
      types: { hash: 4, string: 5, list: 1, set: 2, zset: 1, stream: 2 },
    });
    expect(await world.verify(path)).toMatchObject({ exitCode: 0, answer: { problems: [] } });
    await redis.flushall();
    const restored = await world.restore(path);
    expect(restored).toMatchObject({
      exitCode: 0,
      answer: { keys: { create: before.size, same: 0, other: 0 }, restored: before.size, lost: [] },
    });
    expect(await contentsOf(redis)).toEqual(before);
    for (const [key, life] of Object.entries(await livesOf(redis))) {
      const was = lives[key] ?? 0;
      expect({ key, off: Math.abs(life - was) < 60_000 }).toEqual({ key, off: true });
    }
    // Again: nothing is written.
    const snapshot = await contentsOf(redis);
    const again = await world.restore(path);
    expect(again).toMatchObject({
      exitCode: 0,
      answer: { keys: { create: 0, same: before.size }, restored: 0 },
    });
    expect(await contentsOf(redis)).toEqual(snapshot);
  });

  it('can be read by people: text as text, and the rest as base64', async () => {
    await fillEveryType(world.redis);
    const { path } = await world.backUp();
    const lines = redisLinesIn(path);
    const of = (key: unknown) =>
      lines.find((line) => JSON.stringify(line.key) === JSON.stringify(key));
    expect(of('billing:user:u1')).toEqual({
      ...{ key: 'billing:user:u1', type: 'hash', expires_at: null },
      value: { bytes_processed: '5', compute_seconds: '0.25' },
    });
    expect(of('billing:odd')).toMatchObject({ value: { base64: ODD.toString('base64') } });
    expect(of('billing:daily:u1:2026-11-01')).toMatchObject({
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    });
    expect(of('billing:bytes')).toMatchObject({
      value: expect.arrayContaining([['text', 'text']]) as unknown,
    });
  });

  it('holds the keys of the patterns alone, each once', async () => {
    const { redis } = world;
    await redis.mset('billing:a', '1', 'bull:q:id', '2', 'other', '3');
    const args = ['--redis-pattern', 'bull:*', '--redis-pattern', 'b*', '--redis-pattern', 'bi*'];
    const { answer, path } = await world.backUp({ args });
    expect(answer.redis).toMatchObject({ keys: 2, patterns: ['bull:*', 'b*', 'bi*'] });
    expect(
      redisLinesIn(path)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['billing:a', 'bull:q:id']);
  });

  it('holds an empty database as one without keys', async () => {
    const { answer, exitCode, path } = await world.backUp();
    expect({ exitCode, redis: answer.redis }).toMatchObject({
      exitCode: 0,
      redis: { status: 'complete', keys: 0, members: 0, bytes: 0 },
    });
    expect(await world.verify(path)).toMatchObject({ exitCode: 0 });
    expect(await world.restore(path)).toMatchObject({ exitCode: 0, answer: { restored: 0 } });
  });

  it('lies in a plain folder as plain files', async () => {
    const { redis } = world;
    await fillEveryType(redis);
    const before = await contentsOf(redis);
    const { path } = await world.backUp({ env: { BACKUP_COMPRESSION: 'false' } });
    expect(await world.verify(path)).toMatchObject({ exitCode: 0, answer: { problems: [] } });
    await redis.flushall();
    expect(await world.restore(path)).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(redis)).toEqual(before);
  });
});

describe('large keys', () => {
  async function fillLarge(redis: Redis): Promise<void> {
    const items = Array.from({ length: 20_000 }, (_none, at) => `item ${at} ${'x'.repeat(90)}`);
    await redis.sadd('billing:set', ...items);
    await redis.rpush('billing:list', ...items, ODD);
    await redis.hset('billing:hash', ...items.flatMap((item, at) => [item, `${at}`]), ODD, ODD);
    await redis.zadd('billing:zset', ...items.flatMap((item, at) => [`${at / 7}`, item]));
    // A character of three bytes lies across the end of a piece.
    await redis.set('billing:string', 'a€'.repeat(400_000));
    await redis.set('billing:bits', Buffer.alloc(2_500_000, 0xfe));
    const pipeline = redis.pipeline();
    for (const [at, item] of items.entries())
      pipeline.xadd('billing:stream', `${at + 1}-0`, 'f', item);
    pipeline.xadd('billing:stream', '70000-0', 'f', 'last');
    pipeline.xdel('billing:stream', '70000-0');
    pipeline.xgroup('CREATE', 'billing:stream', 'readers', '5-0');
    pipeline.pexpire('billing:set', DAY_MS);
    await pipeline.exec();
  }

  it(
    'come in pieces, in a backup and into Redis, and are named',
    { timeout: 120_000 },
    async () => {
      const { redis } = world;
      await fillLarge(redis);
      const before = await contentsOf(redis);
      const { answer, path } = await world.backUp();
      expect(answer.redis).toMatchObject({ status: 'complete', keys: 7, in_pieces: 7 });
      const lines = redisLinesIn(path);
      expect(lines.length).toBeGreaterThan(14);
      expect(typeof lines.find(({ key }) => key === 'billing:string')?.value).toBe('string');
      expect(await world.verify(path)).toMatchObject({ exitCode: 0, answer: { problems: [] } });
      await redis.flushall();
      expect(await world.restore(path)).toMatchObject({ exitCode: 0, answer: { restored: 7 } });
      expect(await contentsOf(redis)).toEqual(before);
      expect(await redis.pttl('billing:set')).toBeGreaterThan(DAY_MS / 2);
      expect(await redis.ttl('billing:list')).toBe(-1);
      expect(await world.restore(path)).toMatchObject({
        answer: { keys: { same: 7 }, restored: 0 },
      });
      // One of them is changed: it stays, unless it is to be replaced.
      await redis.lset('billing:list', 10_000, 'other');
      await redis.append('billing:string', 'more');
      expect(await world.restore(path)).toMatchObject({
        answer: { keys: { same: 5, other: 2 }, restored: 0 },
      });
      expect(await world.restore(path, ['--on-conflict', 'replace'])).toMatchObject({
        answer: { keys: { same: 5, other: 2 }, restored: 2 },
      });
      expect(await contentsOf(redis)).toEqual(before);
    },
  );
});
