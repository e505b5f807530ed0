import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';
import { databaseSnapshot } from '../helpers/redis-snapshot.js';

const { records, env } = useBillingRedis();
const { folder, remove } = temporaryFolder();
afterAll(remove);
const index = (args: string[] = [], more: Record<string, string> = {}) =>
  runJson<Record<string, unknown>>(['jobs', 'index', ...args], { env: { ...env(), ...more } });

/** What an earlier version left: more keys than one page of a SCAN has. */
async function leaveIndex(users: number): Promise<void> {
  const pipeline = records().redis.pipeline();
  pipeline.hset('billing:index:built', 'since', '2026-01-01T00:00:00.000Z');
  for (let n = 0; n < users; n++) {
    pipeline.hset(`billing:user:${n}`, 'job_count', '1');
    pipeline.hset(`billing:job:${n}`, 'user_id', String(n), 'timestamp', '2026-01-01T00:00:00Z');
  }
  await pipeline.exec();
}

async function leaveMarks(users: number): Promise<void> {
  const pipeline = records().redis.pipeline();
  for (let n = 0; n < users; n++) {
    pipeline.hset(`billing:user:${n}`, 'job_index', '1');
    pipeline.zadd(`billing:index:jobs:${n}`, 1, String(n));
    pipeline.hset(`billing:index:state:${n}`, 'complete', '1', 'jobs', '1', 'job_index', '1');
  }
  await pipeline.exec();
}

describe('jobs index', () => {
  it.each([
    ['no option', [], {}],
    ['--status', ['--status'], {}],
    ['--dry-run', ['--dry-run'], {}],
    ['DRY_RUN=true', [], { DRY_RUN: 'true' }],
    ['--quiet', ['--quiet'], {}],
    ['a Redis that cannot be reached', [], { REDIS_URL: 'redis://127.0.0.1:1' }],
  ])(
    'with %s warns that the index is gone, changes nothing and is status 0',
    async (_, args, more) => {
      await leaveIndex(3);
      await leaveMarks(3);
      const before = await databaseSnapshot(records().redis);
      const dry_run = args[0] === '--dry-run' || 'DRY_RUN' in more;
      const { exitCode, answer, stderr } = await index(args, more);
      expect({ exitCode, answer }).toEqual({ exitCode: 0, answer: { dry_run, built_at: null } });
      expect(stderr).toMatch(
        /^mangamotion: warning: jobs index does nothing any more: .*--remove.*\n$/,
      );
      const human = await run(['jobs', 'index', ...args], { env: { ...env(), ...more } });
      expect(human).toMatchObject({ exitCode: 0, stdout: '', stderr });
      expect(await databaseSnapshot(records().redis)).toEqual(before);
    },
  );

  it('with --remove removes what an earlier version left, of 5,000 users', async () => {
    await leaveIndex(5000);
    await records().redis.del('billing:index:built');
    await records().redis.set('billing:user:text', 'no hash');
    const before = await databaseSnapshot(records().redis);
    await records().redis.hset('billing:index:built', 'since', 'x');
    await leaveMarks(5000);
    const dry = await index(['--remove', '--dry-run']);
    expect(dry.answer).toEqual({ dry_run: true, removed_keys: 10_001 });
    const { exitCode, answer, stderr } = await index(['--remove']);
    expect({ exitCode, answer, stderr }).toEqual({
      ...{ exitCode: 0, stderr: '', answer: { dry_run: false, removed_keys: 10_001 } },
    });
    expect(await databaseSnapshot(records().redis)).toEqual(before);
    expect((await index(['--remove'])).answer).toEqual({ dry_run: false, removed_keys: 0 });
  });

  it('knows no --status together with --remove, and no --csv', async () => {
    for (const args of [['--status', '--remove'], ['--csv']]) {
      expect((await run(['jobs', 'index', ...args], { env: env() })).exitCode).toBe(2);
    }
  });

  it('with --remove is status 6 for a user who may only read', async () => {
    await leaveIndex(3);
    const { redis } = records();
    const before = await databaseSnapshot(redis);
    const as = async (rights: string) => {
      await redis.call('ACL', 'SETUSER', 'other', 'reset', 'on', '>pw', ...rights.split(' '));
      return { REDIS_URL: env().REDIS_URL.replace('redis://', 'redis://other:pw@') };
    };
    const refused = await index(['--remove'], await as('+@read +@connection ~*'));
    expect(refused).toMatchObject({ exitCode: 6, answer: { error: { code: 'access_denied' } } });
    expect(refused.stderr).toContain('the rights +@all');
    expect(await databaseSnapshot(redis)).toEqual(before);
    const allowed = await index(['--remove'], await as('+@all -@dangerous ~billing:*'));
    expect(allowed).toMatchObject({ exitCode: 0, answer: { removed_keys: 1 } });
  });

  it('with --remove is status 6 on a replica', async () => {
    await records().redis.replicaof('127.0.0.1', '1');
    try {
      const { exitCode, stderr } = await index(['--remove']);
      expect(exitCode).toBe(6);
      expect(stderr).toContain('is a replica');
    } finally {
      await records().redis.replicaof('NO', 'ONE');
    }
  });
});

describe('what an earlier version left', () => {
  it('is ignored by every report, by jobs list and by a reset', async () => {
    await leaveIndex(3);
    await records().redis.del('billing:index:built');
    const commands = [
      ...[
        ['billing', 'all-users'],
        ['billing', 'audit'],
        ['billing', 'summary', '1'],
      ],
      ...[
        ['billing', 'daily', '1'],
        ['jobs', 'list', '--user', '1'],
      ],
      ['billing', 'reset', '1', '--dry-run'],
    ];
    const read = () =>
      Promise.all(
        commands.map(async (args) => {
          const { exitCode, stdout, stderr } = await run([...args, '--json'], { env: env() });
          // The order is that of Redis.
          return { exitCode, stderr, lines: stdout.replaceAll(',\n', '\n').split('\n').sort() };
        }),
      );
    const before = await read();
    await leaveMarks(3);
    await records().redis.hset('billing:index:built', 'since', 'x');
    await records().redis.hset('billing:job:1', 'job_index', '1');
    expect(await read()).toEqual(before);
    const file = join(folder, 'removed.json');
    const reset = ['billing', 'reset', '1', '--all', '--yes', '--export', file];
    expect((await run(reset, { env: env() })).exitCode).toBe(0);
    expect(await records().redis.exists('billing:user:1', 'billing:job:1')).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('job_index');
  });
});
