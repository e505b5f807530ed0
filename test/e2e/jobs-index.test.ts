import { describe, expect, it } from 'vitest';
import { openJobIndex } from '../../src/billing/job-index.js';
import { useBillingRedis } from '../helpers/billing-records.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess } from '../helpers/cli.js';
import { indexed, scanned } from '../helpers/job-index.js';
import { databaseSnapshot } from '../helpers/redis-snapshot.js';
import { todaysWriter } from '../helpers/todays-writer.js';

interface Answer {
  dry_run: boolean;
  built_at: string | null;
  users: number;
  trusted_users: number;
  jobs: number;
  removed: number;
  problems: { key: string }[];
}

const { records, env } = useBillingRedis();
const index = (args: string[] = [], more: Record<string, string> = {}) =>
  runJson<Answer>(['jobs', 'index', ...args], { env: { ...env(), ...more } });

const HOSTILE = ['alice', '*', 'a:2026-01-01', '../..', '\u001b[31mred', '漫画 😀', "'; FLUSHALL"];

async function seed(jobs: number): Promise<void> {
  const pipeline = records().redis.pipeline();
  for (let n = 0; n < jobs; n++) {
    const user = HOSTILE[n % HOSTILE.length] ?? '';
    const timestamp = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
    pipeline.hset(`billing:job:${user}/${n}`, { user_id: user, bytes_processed: n, timestamp });
    pipeline.hincrby(`billing:user:${user}`, 'bytes_processed', n + 1);
  }
  await pipeline.exec();
}

describe('jobs index', () => {
  it('makes the jobs of users with any id be found, 20,000 of them', async () => {
    await seed(20_000);
    const { exitCode, answer, stderr } = await index();
    expect({ exitCode, stderr, answer }).toEqual({
      ...{ exitCode: 0, stderr: '' },
      answer: {
        ...{ dry_run: false, built_at: expect.any(String) as string, users: 7 },
        ...{ trusted_users: 7, jobs: 20_000, removed: 0, problems: [] },
      },
    });
    const byTime = (await scanned(records().redis, '*')).sort((a, b) =>
      (a.timestamp ?? '') < (b.timestamp ?? '') ? 1 : -1,
    );
    expect(await indexed(records().redis, '*')).toEqual(byTime);
  });

  it('is kept by `billing track`, and not trusted once another writer counts', async () => {
    await seed(14);
    await index();
    const track = ['billing', 'track', 'bytes', '*', '5', 'new'];
    expect((await run(track, { env: env() })).exitCode).toBe(0);
    expect((await indexed(records().redis, '*'))?.[0]?.jobId).toBe('new');
    await todaysWriter(records().redis).trackBytesProcessed('*', 5, 'by another');
    expect(await openJobIndex(records().redis, '*')).toMatchObject({ trusted: false });
    expect((await index(['--status'])).answer).toMatchObject({ users: 7, trusted_users: 6 });
    expect((await index()).answer).toMatchObject({ users: 7, trusted_users: 7, jobs: 16 });
  });

  it('tells people what it did, and that users of other writers are scanned for', async () => {
    await seed(14);
    const built = await run(['jobs', 'index'], { env: env() });
    expect({ exitCode: built.exitCode, stderr: built.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(built.stdout).toContain('✓ indexed 14 jobs of 7 of 7 users');
    expect(built.stdout).toContain('another writer');
    await records().redis.del('billing:job:alice/0');
    const again = await run(['jobs', 'index'], { env: env() });
    expect(again.stdout).toContain('removed 1 job without a record');
    const status = await run(['jobs', 'index', '--status'], { env: env() });
    expect(status.stdout).toContain('7 of 7 users');
  });

  it('is built of an empty Redis', async () => {
    const before = await run(['jobs', 'index', '--status'], { env: env() });
    expect(before.stdout).toContain('there is no index');
    expect((await index(['--status'])).answer).toMatchObject({ built_at: null, users: 0, jobs: 0 });
    expect((await index()).answer).toMatchObject({ users: 0, trusted_users: 0, jobs: 0 });
    expect(await records().redis.keys('*')).toEqual(['billing:index:built']);
  });

  it.each([
    ['--dry-run', ['--dry-run'], {}],
    ['DRY_RUN=true', [], { DRY_RUN: 'true' }],
    ['--status', ['--status'], {}],
    ['--remove --dry-run', ['--remove', '--dry-run'], {}],
  ])('with %s changes nothing', async (_name, args, more) => {
    await seed(14);
    await index();
    await records().redis.del('billing:job:alice/0');
    const before = await databaseSnapshot(records().redis);
    const { exitCode, answer } = await index(args, more);
    expect(exitCode).toBe(0);
    if (args[0] === '--dry-run')
      expect(answer).toMatchObject({ dry_run: true, users: 7, jobs: 13 });
    expect(await databaseSnapshot(records().redis)).toEqual(before);
  });

  it('is removed with --remove, and what it marked is as before', async () => {
    await seed(14);
    const before = await records().redis.hgetall('billing:user:*');
    await index();
    const { exitCode, answer } = await index(['--remove']);
    expect({ exitCode, answer }).toEqual({
      exitCode: 0,
      answer: { dry_run: false, removed_keys: 15 },
    });
    expect(await records().redis.keys('billing:index:*')).toEqual([]);
    expect(await records().redis.hgetall('billing:user:*')).toEqual(before);
  });

  it('names keys that hold no job: status 3', async () => {
    await seed(14);
    await records().redis.set('billing:job:text', 'x');
    for (const args of [[], ['--dry-run']]) {
      const { exitCode, answer, stderr } = await index(args);
      expect(exitCode).toBe(3);
      expect(answer.problems).toMatchObject([{ key: 'billing:job:text' }]);
      expect(stderr).toContain('billing:job:text is not a hash');
    }
    expect((await index(['--status'])).answer).toMatchObject({ trusted_users: 7, jobs: 14 });
  });

  it('knows no --status together with --remove, and no --csv', async () => {
    for (const args of [['--status', '--remove'], ['--csv']]) {
      expect((await run(['jobs', 'index', ...args], { env: env() })).exitCode).toBe(2);
    }
  });

  it('leaves the reports of billing as they are', async () => {
    await seed(14);
    const reports = [['all-users'], ['audit'], ['summary', '*'], ['daily', '*']];
    // In the order of Redis, which the marks may change.
    const lines = (text: string) => text.replaceAll(',\n', '\n').split('\n').sort();
    const read = () =>
      Promise.all(
        reports.map(async (args) => {
          const { exitCode, stdout } = await run(['billing', ...args, '--json'], { env: env() });
          return { exitCode, lines: lines(stdout) };
        }),
      );
    const before = await read();
    await index();
    expect(await read()).toEqual(before);
  });
});

describe('jobs index, killed while it runs', () => {
  it.each(['SIGKILL', 'SIGINT'] as const)('by %s, is trusted by nobody', async (signal) => {
    await seed(14);
    const child = runProcess(['jobs', 'index'], { env: env() });
    // It waits a second for other writers once the totals are copied.
    const state = 'billing:index:state:alice';
    await waitUntil('a copy', [], async () => (await records().redis.exists(state)) === 1, 20_000);
    child.kill(signal);
    const { exitCode } = await child;
    expect(exitCode).toBe(signal === 'SIGINT' ? 130 : undefined);
    expect(await openJobIndex(records().redis, 'alice')).toMatchObject({ trusted: false });
    expect((await index()).answer).toMatchObject({ users: 7, trusted_users: 7, jobs: 14 });
  });
});

describe('a Redis that does not take it', () => {
  const reader = async (rights: string): Promise<Record<string, string>> => {
    const { redis } = records();
    await redis.call('ACL', 'SETUSER', 'reader', 'reset', 'on', '>pw', ...rights.split(' '));
    return { REDIS_URL: env().REDIS_URL.replace('redis://', 'redis://reader:pw@') };
  };

  it('is status 6 for a user who may only read, who may look at it', async () => {
    await seed(14);
    const before = await databaseSnapshot(records().redis);
    const only = await reader('+@read +@connection ~*');
    for (const args of [[], ['--remove']]) {
      const { exitCode, answer, stderr } = await index(args, only);
      expect({ exitCode, answer }).toMatchObject({
        ...{ exitCode: 6, answer: { error: { code: 'access_denied' } } },
      });
      expect(stderr).toContain('the rights +@all');
    }
    expect(await databaseSnapshot(records().redis)).toEqual(before);
    await index();
    for (const args of [['--status'], ['--dry-run']]) {
      expect((await index(args, only)).exitCode).toBe(0);
    }
    expect((await index([], await reader('+@all -@dangerous ~billing:*'))).exitCode).toBe(0);
    const others = await reader('+@read +@connection ~bull:*');
    expect((await index(['--status'], others)).exitCode).toBe(6);
  });

  it('is status 6 on a replica', async () => {
    await seed(14);
    await records().redis.replicaof('127.0.0.1', '1');
    try {
      const { exitCode, stderr } = await index();
      expect(exitCode).toBe(6);
      expect(stderr).toContain('is a replica');
    } finally {
      await records().redis.replicaof('NO', 'ONE');
    }
  });
});
