import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { run } from '../../helpers/cli.js';
import { contentsOf, redisLinesIn, useRedisBackups } from '../../helpers/redis-backups.js';
import { startRedisProxy } from '../../helpers/redis-proxy.js';

/** What a restore does with what Redis holds already. */

const world = useRedisBackups();
const user = 'billing:user:u1';

describe('the higher value', () => {
  it('is taken counter by counter; what is lost is named with both values, and the status is 3', async () => {
    const { redis } = world;
    await redis.hset(user, { bytes_processed: '100', compute_seconds: '2.5', job_count: '7' });
    await redis.hset('billing:job:1', { user_id: 'u1', bytes_processed: '5' });
    await redis.sadd('billing:set', 'a');
    const { path } = await world.backUp();
    await redis.flushall();
    await redis.hset(user, { bytes_processed: '3', compute_seconds: '4', jobs_failed: '1' });
    await redis.hset('billing:job:1', { user_id: 'u1', bytes_processed: '1' });
    await redis.sadd('billing:set', 'b');
    const plan = await world.restore(path, ['--dry-run']);
    expect(plan).toMatchObject({ exitCode: 0, answer: { keys: { lower: 2, other: 1 } } });
    const { exitCode, answer } = await world.restore(path);
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      keys: { create: 0, same: 0, lower: 2, higher: 0, other: 1 },
      restored: 2,
      lost: [{ key: user, field: 'bytes_processed', target: '3', backup: '100' }],
    });
    expect(await redis.hgetall(user)).toEqual({
      ...{ bytes_processed: '100', compute_seconds: '4', job_count: '7', jobs_failed: '1' },
    });
    expect(await redis.hget('billing:job:1', 'bytes_processed')).toBe('1');
    expect((await redis.smembers('billing:set')).sort()).toEqual(['a', 'b']);
    const again = await world.restore(path);
    expect(again).toMatchObject({ exitCode: 0, answer: { restored: 0, lost: [] } });
    const people = await run(['restore', path, 'redis'], { env: { REDIS_URL: world.url } });
    expect(people.stdout).toContain('✓ restored 0 keys of Redis');
  });

  it('leaves what --key does not name, and keep and replace do as they say', async () => {
    const { redis } = world;
    await redis.hset(user, { job_count: '7' });
    await redis.hset('billing:user:u2', { job_count: '8' });
    const { path } = await world.backUp();
    const empty = async () => {
      await redis.flushall();
      await redis.hset(user, { job_count: '9', extra: '1' });
    };
    await empty();
    const some = await world.restore(path, ['--key', 'billing:user:u[1]']);
    expect(some.answer).toMatchObject({ keys: { higher: 1, create: 0 }, restored: 0 });
    const kept = await world.restore(path, ['--on-conflict', 'keep']);
    expect(kept.answer).toMatchObject({ keys: { higher: 1, create: 1 }, restored: 1 });
    await empty();
    const replaced = await world.restore(path, ['--on-conflict', 'replace']);
    expect(replaced).toMatchObject({ exitCode: 0, answer: { restored: 2 } });
    expect(await redis.hgetall(user)).toEqual({ job_count: '7' });
  });

  it('gives a key the life that it had, never a shorter one, and leaves out what has expired', async () => {
    const { redis } = world;
    await redis.hset('billing:daily:u1:2026-11-01', { job_count: '1' });
    await redis.pexpire('billing:daily:u1:2026-11-01', 50_000_000);
    await redis.set('billing:event:1', '1', 'PX', 1);
    await redis.set('billing:event:2', '1', 'PX', 3000);
    while ((await redis.exists('billing:event:1')) > 0) await sleep(1);
    const { path } = await world.backUp();
    expect(
      redisLinesIn(path)
        .map(({ key }) => key)
        .sort(),
    ).toEqual([...['billing:daily:u1:2026-11-01', 'billing:event:2']]);
    while ((await redis.exists('billing:event:2')) > 0) await sleep(20);
    await redis.pexpire('billing:daily:u1:2026-11-01', 90_000_000);
    const { answer } = await world.restore(path);
    expect(answer).toMatchObject({ keys: { same: 1, expired: 1 }, restored: 0 });
    expect(await redis.pttl('billing:daily:u1:2026-11-01')).toBeGreaterThan(60_000_000);
    await redis.pexpire('billing:daily:u1:2026-11-01', 900_000);
    expect((await world.restore(path)).answer).toMatchObject({ restored: 1 });
    expect(await redis.pttl('billing:daily:u1:2026-11-01')).toBeGreaterThan(40_000_000);
    expect(await redis.exists('billing:event:2')).toBe(0);
  });
});

describe('keys that change meanwhile', () => {
  it('while they are read, are counted; one that becomes another type is read again', async () => {
    const { redis } = world;
    await redis.hset(user, { job_count: '1' });
    await redis.hset('billing:turns', { f: 'v' });
    await redis.hset('billing:goes', { f: 'v' });
    let met = false;
    const proxy = await startRedisProxy(world.url, {
      onRequest: async (text) => {
        // Between the types and the values.
        if (met || !text.includes('HGETALL')) return;
        met = true;
        await redis.multi().del('billing:turns').rpush('billing:turns', 'now a list').exec();
        await redis.del('billing:goes');
      },
    });
    const { answer, exitCode, path } = await world.backUp({ url: proxy.url });
    await proxy.close();
    expect({ exitCode, met }).toEqual({ exitCode: 0, met: true });
    expect(answer.redis).toMatchObject({ keys: 2, vanished: 1, types: { list: 1, hash: 1 } });
    expect(redisLinesIn(path).find(({ key }) => key === 'billing:turns')).toMatchObject({
      ...{ type: 'list', value: ['now a list'] },
    });
  });

  it('after they were read, are counted by a second reading', async () => {
    const { redis } = world;
    for (let at = 0; at < 20; at++) await redis.hset(`billing:user:${at}`, { job_count: '1' });
    let scans = 0;
    const proxy = await startRedisProxy(world.url, {
      onRequest: async (text) => {
        if (!/\r\nSCAN\r\n/i.test(text)) return;
        scans += 1;
        if (scans !== 2) return;
        await redis.hincrby('billing:user:3', 'job_count', 1);
        await redis.del('billing:user:4');
        await redis.hset('billing:user:new', { job_count: '1' });
      },
    });
    const { answer } = await world.backUp({ url: proxy.url });
    await proxy.close();
    expect(answer.redis).toMatchObject({ keys: 20, changed_meanwhile: 3, status: 'complete' });
  });

  it('while they are restored, are decided anew: no count is lost', async () => {
    const { redis } = world;
    for (let at = 0; at < 50; at++) await redis.hset(`billing:user:${at}`, { job_count: '5' });
    const { path } = await world.backUp();
    await redis.flushall();
    let raced = 0;
    const other = new Redis(world.url);
    const proxy = await startRedisProxy(world.url, {
      onRequest: async (text) => {
        // Between what is read and what is written.
        if (!/\r\nEXEC\r\n/i.test(text) || raced >= 5) return;
        raced += 1;
        await other.hset('billing:user:7', { job_count: String(10 + raced) });
      },
    });
    const { exitCode, answer } = await world.restore(path, [], proxy.url);
    await proxy.close();
    other.disconnect();
    expect({ exitCode, raced }).toEqual({ exitCode: 0, raced: 5 });
    expect(await redis.hget('billing:user:7', 'job_count')).toBe('15');
    expect(answer).toMatchObject({ keys: { create: 49, higher: 1 }, restored: 49 });
    expect((await contentsOf(redis)).size).toBe(50);
  });
});

describe('after FLUSHALL and a restore', () => {
  const REPORTS = [
    ['all-users'],
    ['summary', 'alice'],
    ['summary', 'bob'],
    ['daily', 'alice'],
    ['job', '11'],
    ['audit'],
  ];

  it('every report is the same to the last digit, and the tracker goes on counting', async () => {
    const env = { REDIS_URL: world.url };
    const track = async (...args: string[]) =>
      expect((await run(['billing', 'track', ...args], { env })).exitCode).toBe(0);
    await track('bytes', 'alice', '90071992547409931', '11', '--event-id', 'e1');
    await track('compute', 'alice', '0.123457', '11');
    await track('bytes', 'bob', '7', '12');
    await track('compute', 'bob', '1234567.891', '12');
    const reports = async () =>
      await Promise.all(
        REPORTS.map(async (args) => (await run(['billing', ...args, '--json'], { env })).stdout),
      );
    const stripped = (texts: string[]) =>
      texts.map((text) => text.replace(/"(generated_at|at)":"[^"]*"/g, ''));
    const before = await reports();
    const { path } = await world.backUp();
    await world.redis.flushall();
    expect((await reports())[0]).not.toBe(before[0]);
    expect(await world.restore(path)).toMatchObject({ exitCode: 0 });
    expect(stripped(await reports())).toEqual(stripped(before));
    // What was counted before counts once, and what comes counts.
    await track('bytes', 'alice', '90071992547409931', '11', '--event-id', 'e1');
    expect(stripped(await reports())).toEqual(stripped(before));
    await track('bytes', 'alice', '1', '13');
    const after = await run(['billing', 'summary', 'alice', '--json'], { env });
    // Beyond what a number of JavaScript holds.
    expect(after.stdout).toContain('90071992547409932');
  });
});
