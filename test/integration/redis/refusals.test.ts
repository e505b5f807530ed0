import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { run, runJson } from '../../helpers/cli.js';
import { type AnsweringProxy, startAnsweringProxy } from '../../helpers/redis-answers.js';
import { contentsOf, redisLinesIn, useRedisBackups } from '../../helpers/redis-backups.js';
import { type RedisServer, startRedisServer } from '../../helpers/redis-server.js';

/** What a backup says that could not read all of Redis, and where a restore does not write. */

const world = useRedisBackups();
const SECRET = 'a-secret-word';

let proxy: AnsweringProxy | undefined;
let second: RedisServer | undefined;
afterEach(async () => {
  await proxy?.close();
  await second?.stop();
  proxy = second = undefined;
});

async function userWith(rights: string): Promise<string> {
  const rules = ['SETUSER', 'reader', 'reset', 'on', `>${SECRET}`, ...rights.split(' ')];
  await world.redis.call('ACL', ...rules);
  return world.url.replace('redis://', `redis://reader:${SECRET}@`);
}

async function fill(): Promise<void> {
  const { redis } = world;
  await redis.hset('billing:user:u1', { job_count: '5' });
  await redis.hset('billing:user:u2', { job_count: '6' });
  await redis.rpush('billing:list', 'a');
  await redis.xadd('billing:stream', '1-0', 'f', 'v');
  await redis.sadd(
    'billing:large',
    ...Array.from({ length: 20_000 }, (_n, at) => `${at}${'x'.repeat(40)}`),
  );
}

describe('a backup with a user of Redis', () => {
  it('who has +@read +@connection alone holds everything, and sends only commands that read', async () => {
    await fill();
    const url = await userWith('+@read +@connection ~*');
    const monitoring = new Redis(world.url);
    const monitor = await monitoring.monitor();
    const sent = new Set<string>();
    monitor.on('monitor', (_time: string, command: string[], source: string) => {
      if (!source.startsWith('lua')) sent.add(command[0]?.toLowerCase() ?? '');
    });
    const { answer, exitCode } = await world.backUp({ url });
    monitor.disconnect();
    monitoring.disconnect();
    expect({ exitCode, status: answer.redis?.status }).toEqual({ exitCode: 0, status: 'complete' });
    expect(answer.redis).toMatchObject({ keys: 5, in_pieces: 1, changed_meanwhile: 0 });
    for (const name of ['keys', 'dump', 'multi', 'eval']) expect([...sent]).not.toContain(name);
    expect([...sent]).toContain('scan');
  });

  it('who may not read some keys is partial, names them, and holds the others', async () => {
    await fill();
    const url = await userWith('+@read +@connection ~billing:user:*');
    const { answer, exitCode, path } = await world.backUp({ url });
    expect({ exitCode, status: answer.status }).toEqual({ exitCode: 3, status: 'partial' });
    expect(answer.redis).toMatchObject({ status: 'partial', keys: 2, failures_omitted: 0 });
    const failed = answer.redis?.failures.map(({ key }) => key).sort();
    expect(failed).toEqual(['billing:large', 'billing:list', 'billing:stream']);
    expect(answer.redis?.failures[0]?.reason).toContain('does not permit it');
    // Nothing else suffers: the objects are there, and the backup counts for them.
    expect(answer).toMatchObject({ objects: { captured: 1 }, failures: [], supersedes: true });
    expect(redisLinesIn(path)).toHaveLength(2);
    expect(await world.verify(path)).toMatchObject({ exitCode: 0 });
    const restored = await world.restore(path);
    expect(restored).toMatchObject({ exitCode: 3, answer: { keys: { same: 2 } } });
    expect(restored.answer.problems.join()).toContain('does not hold all keys');
  });

  it('who may not scan is partial, with no word of the password anywhere', async () => {
    await fill();
    const url = await userWith('+@connection ~*');
    const people = await run(
      ['backup', 'full', world.folder, '--bucket', world.bucket, '--redis', '--debug'],
      { env: { REDIS_URL: url } },
    );
    expect(people.exitCode).toBe(3);
    expect(people.stdout).toMatch(/redis +partial: 0 keys of billing:\*/);
    const texts = [people.stdout, people.stderr];
    for (const name of readdirSync(world.folder)) {
      texts.push(readFileSync(join(world.folder, name), 'latin1'));
    }
    for (const text of texts) expect(text).not.toContain(SECRET);
  });
});

describe('a backup with a Redis that is away', () => {
  it('is partial and says so; the newest one with all keys is kept, and is what a restore takes', async () => {
    await fill();
    const whole = await world.backUp();
    const away = await world.backUp({ url: 'redis://127.0.0.1:1', kind: 'incremental' });
    expect(away.exitCode).toBe(3);
    expect(away.stderr).toContain('Redis is not captured completely: cannot reach Redis');
    expect(away.answer).toMatchObject({
      ...{ status: 'partial', supersedes: true },
      redis: { status: 'partial', keys: 0, failures: [{ key: null }] },
    });
    const decisions = await runJson<{ kept: { id: string; reasons: string[] }[] }>([
      'backup',
      'prune',
      world.folder,
      '--keep-last',
      '1',
      '--dry-run',
    ]);
    expect(decisions.exitCode).toBe(0);
    expect(JSON.stringify(decisions.answer)).toContain('last with all keys of Redis');
    await world.redis.flushall();
    const restored = await world.restore(world.folder, ['--latest']);
    expect(restored.stderr).toContain(`chose ${whole.answer.id}`);
    expect(restored).toMatchObject({ exitCode: 0, answer: { keys: { create: 5 } } });
    // The objects come from the newest one all the same.
    const objects = await run(['restore', world.folder, '--latest', 'data', '--dry-run']);
    expect(objects.stderr).toContain(`chose ${away.answer.id}`);
  });
});

const ODD = ['+OK\r\n', ':7\r\n', '*0\r\n', '*1\r\n:1\r\n', '$3\r\nabc\r\n', '$-1\r\n'];
const NEEDED: [command: string, answers: string[]][] = [
  ['SCAN', ODD],
  ['TYPE', [':7\r\n', '*0\r\n', '$-1\r\n']],
  ['MEMORY', ['+OK\r\n', '*0\r\n', '$3\r\nabc\r\n']],
  ['PEXPIRETIME', ['+OK\r\n', '*0\r\n', '$3\r\nabc\r\n', '$-1\r\n']],
  ['HGETALL', ['+OK\r\n', ':7\r\n', '*1\r\n:1\r\n', '*1\r\n$1\r\na\r\n', '$-1\r\n']],
  ['LRANGE', ['+OK\r\n', ':7\r\n', '*1\r\n:1\r\n', '$-1\r\n']],
  ['SSCAN', ODD],
  ['XRANGE', ['+OK\r\n', ':7\r\n', '*1\r\n:1\r\n', '*1\r\n*2\r\n$1\r\nx\r\n*0\r\n']],
  ['XINFO', ['+OK\r\n', ':7\r\n', '*0\r\n', '*1\r\n:1\r\n']],
];

describe('a Redis before version 7', () => {
  it.each(['-ERR unknown command', '-NOPERM no permissions'])(
    'which answers PEXPIRETIME with %s tells how long a key lives instead',
    async (refusal) => {
      await world.redis.set('billing:a', '1', 'PX', 50_000_000);
      const life = (await world.redis.call('PEXPIRETIME', 'billing:a')) as number;
      for (const refused of ['PEXPIRETIME', 'TIME']) {
        await proxy?.close();
        proxy = await startAnsweringProxy(world.url, ([command = '']) =>
          [refused, 'PEXPIRETIME'].includes(command.toUpperCase()) ? `${refusal}\r\n` : undefined,
        );
        const { answer, path } = await world.backUp({ url: proxy.url });
        expect(answer.redis).toMatchObject({ status: 'complete', keys: 1 });
        const at = Date.parse(String(redisLinesIn(path)[0]?.expires_at));
        expect(Math.abs(at - life)).toBeLessThan(600_000);
      }
    },
  );
});

describe.each(NEEDED)('a proxy that answers %s', (name, answers) => {
  it.each(answers)('with %j is not believed: the backup is partial and says why', async (odd) => {
    await fill();
    proxy = await startAnsweringProxy(world.url, ([command = '']) =>
      command.toUpperCase() === name ? odd : undefined,
    );
    const { answer, exitCode } = await world.backUp({ url: proxy.url });
    expect({ exitCode, status: answer.redis?.status }).toEqual({ exitCode: 3, status: 'partial' });
    expect(answer.redis?.failures.map(({ reason }) => reason).join()).toMatch(
      /is no answer|not captured|type/,
    );
  });
});

describe('a restore', () => {
  it('does not write to a replica, or where it is not known', async () => {
    await fill();
    const { path } = await world.backUp();
    const { port } = new URL(world.url);
    second = await startRedisServer({ args: ['--replicaof', '127.0.0.1', port] });
    const replica = await world.restore(path, [], second.url);
    expect(replica).toMatchObject({ exitCode: 8, answer: { error: { code: 'refused' } } });
    expect(replica.answer.error?.message).toMatch(/is a (replica|slave), not a master/);
    proxy = await startAnsweringProxy(world.url, ([command = '']) => {
      if (/^(hello|info)$/i.test(command)) return '-NOPERM no permissions\r\n';
      return undefined;
    });
    const unknown = await world.restore(path, [], proxy.url);
    expect(unknown).toMatchObject({ exitCode: 8, answer: { error: { code: 'refused' } } });
    expect(unknown.answer.error?.message).toContain('does not tell whether it is a replica');
  });

  it('asks before it writes among keys that no pattern of the backup knows', async () => {
    const { redis } = world;
    await redis.hset('billing:user:u1', { job_count: '5' });
    const { path } = await world.backUp();
    await redis.flushall();
    await redis.set('session:1', 'x');
    const before = await contentsOf(redis);
    const refused = await world.restore(path);
    expect(refused).toMatchObject({ exitCode: 8, answer: { error: { code: 'refused' } } });
    expect(refused.answer.error?.message).toContain('session:1');
    expect(await world.restore(path, ['--dry-run'])).toMatchObject({
      ...{ exitCode: 0, answer: { keys: { create: 1 }, restored: 0, dry_run: true } },
    });
    expect(await contentsOf(redis)).toEqual(before);
    expect(await world.restore(path, ['--yes'])).toMatchObject({
      exitCode: 0,
      answer: { restored: 1 },
    });
    expect(await redis.get('session:1')).toBe('x');
  });

  it('of a backup without Redis is not found, and options of objects are refused', async () => {
    const plain = await runJson<{ id: string }>([
      ...['backup', 'full', world.folder, '--bucket', world.bucket],
    ]);
    const path = join(world.folder, plain.answer.id);
    expect(await world.restore(path)).toMatchObject({ exitCode: 4 });
    expect(await world.restore(world.folder, ['--latest'])).toMatchObject({ exitCode: 4 });
    for (const args of [['--delete-extra'], ['--bucket', 'x'], ['--on-conflict', 'skip']]) {
      expect(await world.restore(path, args)).toMatchObject({ exitCode: 2 });
    }
    const higher = await run(['restore', path, '--on-conflict', 'higher']);
    expect(higher.exitCode).toBe(2);
    const pattern = await run(['backup', 'full', world.folder, '--redis-pattern', 'x*']);
    expect(pattern.exitCode).toBe(2);
  });

  it('of a damaged member writes nothing; verify names it', async () => {
    await fill();
    const { path } = await world.backUp({ env: { BACKUP_COMPRESSION: 'false' } });
    const member = join(path, 'redis', '00000.ndjson');
    const text = readFileSync(member, 'utf8');
    writeFileSync(member, text.replace('"job_count":"5"', '"job_count":"9"'));
    const verified = await world.verify(path);
    expect(verified.exitCode).toBe(5);
    expect(JSON.stringify(verified.answer.problems)).toContain('redis/00000.ndjson');
    await world.redis.flushall();
    expect(await world.restore(path)).toMatchObject({
      ...{ exitCode: 5, answer: { error: { code: 'damaged' } } },
    });
    expect(await world.redis.dbsize()).toBe(0);
  });
});
