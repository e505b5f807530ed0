import { spawnSync } from 'node:child_process';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCommand } from '../../helpers/child-processes.js';
import { type AnsweringProxy, startAnsweringProxy } from '../../helpers/redis-answers.js';
import { contentsOf, redisLinesIn, useRedisBackups } from '../../helpers/redis-backups.js';

/**
 * Fields of hashes that expire by themselves, as they do since Redis 7.4 and Valkey 9. Where the server of
 * the tests is older, a proxy answers in its place, and what needs the real commands is listed as skipped.
 */

const world = useRedisBackups();
const HOUR_MS = 3_600_000;
const later = (hours: number) => Math.floor(Date.now() / 1000) * 1000 + hours * HOUR_MS;

/** A Redis in which these fields expire, whatever the real one can do; `undefined`: it cannot do that. */
let proxy: AnsweringProxy;
beforeAll(async () => {
  proxy = await startAnsweringProxy(world.url, () => undefined);
});
afterAll(() => proxy.close());

function pretend(lives: Record<string, number> | undefined, encoding = 'hashtable'): void {
  proxy.setAnswer((words) => {
    const [name = '', , , , ...fields] = words;
    if (name.toUpperCase() === 'OBJECT') return `$${encoding.length}\r\n${encoding}\r\n`;
    if (!/^hp?expire/i.test(name)) return undefined;
    if (lives === undefined) return `-ERR unknown command '${name}'\r\n`;
    const times = fields.map((field) => `:${lives[field] ?? -1}\r\n`);
    return `*${fields.length}\r\n${times.join('')}`;
  });
}

describe('a backup', () => {
  it('holds when fields expire, in lines that plain tools read', async () => {
    await world.redis.hset('billing:user:u1', { job_count: '5', token: 'x' });
    const soon = later(1);
    pretend({ token: soon });
    const { exitCode, path } = await world.backUp({ url: proxy.url });
    expect(exitCode).toBe(0);
    expect(redisLinesIn(path)).toEqual([
      {
        ...{ key: 'billing:user:u1', type: 'hash', expires_at: null },
        fields_expire_at: { token: new Date(soon).toISOString() },
        value: { job_count: '5', token: 'x' },
      },
    ]);
    expect(await world.verify(path)).toMatchObject({ exitCode: 0 });
  });

  it('does not ask for the fields of a hash in a form in which none expires', async () => {
    await world.redis.hset('billing:user:u1', { job_count: '5', token: 'x' });
    pretend({ token: later(1) }, 'listpack');
    const { path } = await world.backUp({ url: proxy.url });
    expect(redisLinesIn(path)[0]).not.toHaveProperty('fields_expire_at');
  });

  it('leaves out a field that goes while it is read, and never makes it immortal', async () => {
    const { redis } = world;
    await redis.hset('billing:user:u1', { job_count: '5', token: 'x' });
    pretend({ token: -2 });
    let asked = 0;
    const gone = await startAnsweringProxy(proxy.url, ([name = '']) => {
      if (name.toUpperCase() !== 'HPEXPIRETIME' || ++asked < 3) return undefined;
      // Only then does the real one lose it.
      redis.hdel('billing:user:u1', 'token').catch(() => undefined);
      return undefined;
    });
    const { exitCode, path } = await world.backUp({ url: gone.url });
    await gone.close();
    expect(exitCode).toBe(0);
    expect(redisLinesIn(path)).toEqual([expect.objectContaining({ value: { job_count: '5' } })]);
  });

  it('is partial where the right to ask is missing, and names the key', async () => {
    await world.redis.hset('billing:user:u1', { job_count: '5' });
    proxy.setAnswer(([name = '']) => {
      if (name.toUpperCase() === 'OBJECT') return '-NOPERM no right to object\r\n';
      return /^hpexpire/i.test(name) ? '-NOPERM no right to hpexpiretime\r\n' : undefined;
    });
    const { exitCode, answer } = await world.backUp({ url: proxy.url });
    expect(exitCode).toBe(3);
    expect(answer.redis?.failures).toEqual([
      { key: 'billing:user:u1', reason: expect.stringContaining('hpexpiretime') as string },
    ]);
  });
});

describe('a restore to a server on which fields cannot expire', () => {
  it('names the keys in its plan and does not make their fields immortal', async () => {
    const { redis } = world;
    const big = 'x'.repeat(40_000);
    await redis.hset('billing:user:u1', { job_count: '5', token: 'x' });
    await redis.hset('billing:user:u2', { job_count: '6', old: 'x' });
    for (let at = 0; at < 40; at++) await redis.hset('billing:large', `f${at}`, big);
    pretend({ token: later(1), old: later(-1), f7: later(2) });
    const { path } = await world.backUp({ url: proxy.url });
    expect(redisLinesIn(path).filter((line) => 'fields_expire_at' in line)).toHaveLength(3);
    await redis.flushall();
    pretend(undefined);
    const failures = ['billing:large', 'billing:user:u1'].map((key) => ({
      key,
      reason: expect.stringContaining('Redis 7.4 or Valkey 9 can') as string,
    }));
    const plan = await world.restore(path, ['--dry-run'], proxy.url);
    expect(plan.answer.keys).toMatchObject({ create: 1 });
    expect(plan.answer.failures).toEqual(expect.arrayContaining(failures));
    const { exitCode, answer } = await world.restore(path, [], proxy.url);
    expect({ exitCode, restored: answer.restored }).toEqual({ exitCode: 3, restored: 1 });
    expect(answer.failures).toEqual(expect.arrayContaining(failures));
    // What has expired since is not restored, and needs no command for it.
    expect(await contentsOf(redis)).toEqual(
      new Map([['billing:user:u2', { type: 'hash', value: ['job_count 6'] }]]),
    );
  });
});

/** Whether the server that the tests start has the commands. */
function isNewEnough(): boolean {
  const command = findCommand('redis-server');
  const text =
    command === undefined ? '' : spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout;
  const [, major = 0, minor = 0] = (/v=(\d+)\.(\d+)/.exec(text) ?? []).map(Number);
  return text.startsWith('Valkey') ? major >= 9 : major > 7 || (major === 7 && minor >= 4);
}

if (isNewEnough()) describe('a server on which fields expire', testExpiringFields);
else {
  it('a server on which no field expires does not know the command', async () => {
    const asked = world.redis.call('HPEXPIRETIME', 'billing:user:u1', 'FIELDS', 1, 'token');
    await expect(asked).rejects.toThrow('unknown command');
  });
}

function testExpiringFields(): void {
  const expire = (redis: Redis, key: string, field: string, atMs: number) =>
    redis.call('HPEXPIREAT', key, atMs, 'FIELDS', 1, field);
  const lifeOf = async (redis: Redis, key: string, field: string) =>
    ((await redis.call('HPEXPIRETIME', key, 'FIELDS', 1, field)) as number[])[0];

  it('gives them to a user with +@read +@connection, and gets them back', async () => {
    const { redis, url } = world;
    const [soon, late] = [later(1), later(48)];
    await redis.hset('billing:user:u1', { job_count: '5', token: 'x', other: 'y' });
    await expire(redis, 'billing:user:u1', 'token', soon);
    await expire(redis, 'billing:user:u1', 'other', late);
    await redis.hset('billing:user:table', { long: 'x'.repeat(500), token: 'x' });
    await expire(redis, 'billing:user:table', 'token', soon);
    const big = 'x'.repeat(20_000);
    for (let at = 0; at < 100; at++) await redis.hset('billing:large', `f${at}`, big);
    await expire(redis, 'billing:large', 'f42', late);
    await redis.hset('billing:plain', { job_count: '1' });
    await redis.call('ACL', 'SETUSER', 'u', 'on', '>p', '~*', '+@read', '+@connection');
    const before = await contentsOf(redis);
    const { exitCode, path } = await world.backUp({ url: url.replace('//', '//u:p@') });
    expect(exitCode).toBe(0);
    await redis.flushall();
    expect(await world.restore(path)).toMatchObject({ exitCode: 0, answer: { restored: 4 } });
    expect(await contentsOf(redis)).toEqual(before);
    expect(await lifeOf(redis, 'billing:user:u1', 'token')).toBe(soon);
    expect(await lifeOf(redis, 'billing:user:u1', 'other')).toBe(late);
    expect(await lifeOf(redis, 'billing:user:u1', 'job_count')).toBe(-1);
    expect(await lifeOf(redis, 'billing:user:table', 'token')).toBe(soon);
    expect(await lifeOf(redis, 'billing:large', 'f42')).toBe(late);
    expect(await lifeOf(redis, 'billing:large', 'f41')).toBe(-1);
    const again = await world.restore(path);
    expect(again).toMatchObject({ exitCode: 0, answer: { restored: 0, keys: { same: 4 } } });
  });

  it('keeps the longer life of a meter that is raised, and takes the backup with replace', async () => {
    const { redis } = world;
    const [soon, late] = [later(1), later(48)];
    const user = 'billing:user:u1';
    await redis.hset(user, { job_count: '5', token: '3', lasting: '1', gone: '1' });
    for (const field of ['token', 'lasting', 'gone']) await expire(redis, user, field, soon);
    const { path } = await world.backUp();
    await redis.flushall();
    await redis.hset(user, { job_count: '4', token: '2', lasting: '0' });
    await expire(redis, user, 'token', late);
    expect(await world.restore(path)).toMatchObject({ answer: { restored: 1 } });
    expect(await redis.hgetall(user)).toEqual({
      job_count: '5',
      token: '3',
      lasting: '1',
      gone: '1',
    });
    expect(await lifeOf(redis, user, 'token')).toBe(late);
    expect(await lifeOf(redis, user, 'lasting')).toBe(-1);
    expect(await lifeOf(redis, user, 'gone')).toBe(soon);
    expect(await world.restore(path)).toMatchObject({ answer: { restored: 0 } });
    const replaced = await world.restore(path, ['--on-conflict', 'replace']);
    expect(replaced).toMatchObject({ answer: { restored: 1 } });
    for (const field of ['token', 'lasting', 'gone'])
      expect(await lifeOf(redis, user, field)).toBe(soon);
  });
}
