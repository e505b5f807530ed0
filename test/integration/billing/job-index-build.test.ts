import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { removeJobIndex } from '../../../src/billing/job-index-remove.js';
import { countIndexable, summariseJobIndex } from '../../../src/billing/job-index-summary.js';
import { sortTimeOf } from '../../../src/job-record.js';
import type { CounterProblem } from '../../../src/billing/problems.js';
import { build, distrust, indexed, noProblem, scanned } from '../../helpers/job-index.js';
import { databaseSnapshot } from '../../helpers/redis-snapshot.js';
import { randomFrom } from '../../helpers/seed.js';
import { todaysWriter } from '../../helpers/todays-writer.js';
import { useRedis } from '../../helpers/use-redis.js';

const NOON = new Date('2026-11-24T12:00:00.000Z');
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const idle = { update: () => undefined, warn: () => undefined };

const used = useRedis();
const summary = () => summariseJobIndex(used.redis, quiet);

/** Records as an old writer leaves them: of each user a total, and so many jobs. */
async function seedOldRecords(users: readonly string[], jobsEach: number): Promise<void> {
  const pipeline = used.redis.pipeline();
  for (const [u, user] of users.entries()) {
    pipeline.hset(`billing:user:${user}`, { bytes_processed: jobsEach, job_count: jobsEach });
    for (let n = 0; n < jobsEach; n++) {
      const timestamp = new Date(NOON.getTime() - n * 977 * (u + 1)).toISOString();
      const fields = { user_id: user, bytes_processed: 1, timestamp };
      pipeline.hset(`billing:job:${user}/${n}`, fields);
    }
  }
  await pipeline.exec();
}

async function expectTruth(userId: string): Promise<void> {
  const found = (await indexed(used.redis, userId)) ?? expect.fail(`no index of ${userId}`);
  const truth = await scanned(used.redis, userId);
  const ids = (of: typeof truth) => of.map(({ jobId }) => jobId).sort();
  expect(ids(found)).toEqual(ids(truth));
  const times = found.map((record) => sortTimeOf(record) ?? 0);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
}

it('indexes old records, of users with any name, and leaves out what names no user', async () => {
  const users = ['alice', 'a:b*[', '漫画', '\u0000\r\n', ' '];
  await seedOldRecords(users, 450);
  await used.redis.hset('billing:job:nobody', 'status', 'failed');
  await used.redis.hset('billing:job:undefined', { user_id: 'alice', timestamp: 'no time' });
  expect(await countIndexable(used.redis, { ...quiet, onProblem: noProblem })).toEqual({
    ...{ users: 5, jobs: 2251 },
  });
  expect(await build(used.redis, { now: NOON })).toEqual({ removed: 0 });
  for (const user of users) await expectTruth(user);
  expect((await indexed(used.redis, 'alice'))?.at(-1)?.jobId).toBe('undefined');
  expect(await summary()).toEqual({
    ...{ builtAt: NOON.toISOString(), users: 5, trustedUsers: 5, jobs: 2251 },
  });
});

it('is built of nothing', async () => {
  expect(await build(used.redis, { now: NOON })).toEqual({ removed: 0 });
  expect(await summary()).toMatchObject({ users: 0, trustedUsers: 0, jobs: 0 });
});

it('removes jobs that are gone or became another user’s', async () => {
  await seedOldRecords(['u', 'v'], 1000);
  await build(used.redis, { now: NOON });
  for (let n = 0; n < 1000; n += 2) await used.redis.del(`billing:job:u/${n}`);
  await used.redis.hset('billing:job:u/1', 'user_id', 'v');
  expect(await build(used.redis, { now: NOON })).toEqual({ removed: 501 });
  expect(await used.redis.zcard('billing:index:jobs:u')).toBe(499);
  for (const user of ['u', 'v']) await expectTruth(user);
});

it('of a user without a total is not trusted, nor is that of one with ids that no text holds', async () => {
  await seedOldRecords(['u', 'v', 'w'], 3);
  await used.redis.del('billing:user:u');
  await used.redis.hset(Buffer.from([...Buffer.from('billing:job:'), 0xff]), 'user_id', 'v');
  await build(used.redis, { now: NOON });
  expect(await distrust(used.redis, 'u')).toBe('it is not complete');
  expect(await distrust(used.redis, 'v')).toBe('it is not complete');
  await expectTruth('w');
});

it('names keys that hold no job, and goes on', async () => {
  await seedOldRecords(['u'], 3);
  await used.redis.set('billing:job:text', 'x');
  await used.redis.set('billing:user:text', 'x');
  const problems: CounterProblem[] = [];
  await build(used.redis, { now: NOON, onProblem: (problem) => problems.push(problem) });
  expect(problems).toEqual([{ key: 'billing:job:text', field: null, problem: 'is not a hash' }]);
  await used.redis.del('billing:job:text');
  await expectTruth('u');
});

it('runs while fifty workers and two old writers go on', async () => {
  const random = randomFrom('build under load');
  const users = Array.from({ length: 20 }, (_none, n) => `u${n}`);
  const touchedByOld = new Set(['u0', 'u1']);
  await seedOldRecords(users, 200);
  let done = false;
  const connections = Array.from({ length: 52 }, () => new Redis(used.server.url));
  const workers = connections.map(async (redis, worker) => {
    const billing = createBilling({ redis });
    const old = todaysWriter(redis);
    for (let n = 0; !done; n++) {
      const job = `${worker}-${n % 7}`;
      if (worker < 2) {
        await old.trackBytesProcessed(`u${worker}`, 5, job);
        continue;
      }
      const user = users[Math.floor(random() * users.length)] ?? '';
      if (random() < 0.5) await billing.trackBytesProcessed(user, n % 3, job);
      else await billing.trackJobCompletion(user, job, 'completed');
      await billing.trackComputeSeconds(`new ${worker}`, 0.1, `${job} ${n}`);
    }
  });
  for (let builds = 0; builds < 2; builds++) await build(used.redis);
  done = true;
  await Promise.all(workers);
  for (const redis of connections) redis.disconnect();
  for (const user of users.slice(2)) await expectTruth(user);
  const news = (await used.redis.keys('billing:user:new *')).map((key) => key.slice(13));
  expect(news).toHaveLength(50);
  let trusted = 0;
  for (const user of news) {
    if ((await distrust(used.redis, user)) !== undefined) continue;
    trusted += 1;
    await expectTruth(user);
  }
  expect(trusted).toBe(50);
  for (const user of touchedByOld) expect(await distrust(used.redis, user)).toBeTypeOf('string');
});

it('waits for an old writer that is between two commands', async () => {
  await seedOldRecords(['u'], 3);
  await used.redis.hincrby('billing:user:u', 'bytes_processed', 5);
  const start = (label: string) => {
    // As soon as the totals are copied it goes on.
    if (label !== 'looking for indexes') return;
    void used.redis.hset('billing:job:late', { user_id: 'u', timestamp: NOON.toISOString() });
  };
  await build(used.redis, { now: NOON, settleMs: 300, progress: { ...idle, start } });
  await expectTruth('u');
  expect(await indexed(used.redis, 'u')).toHaveLength(4);
});

it('stops where another one begins, and what that one builds is trusted', async () => {
  await seedOldRecords(['u', 'v'], 30);
  for (const label of ['copying totals', 'indexing jobs', 'removing jobs that are gone']) {
    const other: Promise<unknown>[] = [];
    const start = (now: string) => {
      if (now === label) other.push(build(used.redis, { now: NOON }));
    };
    const first = build(used.redis, { now: NOON, settleMs: 20, progress: { ...idle, start } });
    await expect(first).rejects.toMatchObject({ code: 'locked' });
    await Promise.all(other);
    for (const user of ['u', 'v']) await expectTruth(user);
    await todaysWriter(used.redis).trackBytesProcessed('u', 1, `again ${label}`);
  }
});

it('is trusted by nobody when its first run is broken off, and is built by the next', async () => {
  await seedOldRecords(['u'], 30);
  for (const label of ['copying totals', 'indexing jobs', 'removing jobs that are gone']) {
    const start = (now: string) => {
      if (now === label) throw new Error('killed');
    };
    await expect(build(used.redis, { now: NOON, progress: { ...idle, start } })).rejects.toThrow(
      'killed',
    );
    expect(await distrust(used.redis, 'u')).toBe('there is none');
    await createBilling({ redis: used.redis }).trackBytesProcessed('u', 0, `unknown ${label}`);
  }
  await build(used.redis, { now: NOON });
  await expectTruth('u');
  expect(await indexed(used.redis, 'u')).toHaveLength(33);
});

it('takes nobody for new while it runs who was reset, nor who is reset meanwhile', async () => {
  await build(used.redis, { now: NOON });
  // Of a reset with all, while an old writer had begun another job.
  await used.redis.hset('billing:index:state:u', 'reset', '1');
  await used.redis.hset('billing:job:left', { user_id: 'u', timestamp: NOON.toISOString() });
  const billing = createBilling({ redis: used.redis, clock: () => NOON });
  const asked: Promise<unknown>[] = [];
  const start = (label: string) => {
    // Before the jobs are read.
    if (label === 'indexing jobs') {
      asked.push(billing.trackBytesProcessed('u', 1, 'j'), distrust(used.redis, 'u'));
    }
    // After they were read.
    if (label === 'removing jobs that are gone') {
      asked.push(used.redis.hset('billing:index:state:v', 'reset', '1'));
    }
  };
  await build(used.redis, { now: NOON, progress: { ...idle, start } });
  expect((await Promise.all(asked))[1]).toBeTypeOf('string');
  expect(await used.redis.hgetall('billing:index:state:v')).toEqual({ reset: '1' });
  await build(used.redis, { now: NOON });
  await expectTruth('u');
  expect(await used.redis.exists('billing:index:state:v')).toBe(0);
});

it.each(['jobs', 'state'])('knows who was reset though the %s are evicted', async (key) => {
  await seedOldRecords(['u', 'v'], 3);
  await build(used.redis, { now: NOON });
  for (const user of ['u', 'v']) await used.redis.del(`billing:user:${user}`);
  await used.redis.del('billing:index:state:v');
  await build(used.redis, { now: NOON });
  for (const user of ['u', 'v']) {
    await used.redis.del(`billing:index:${key}:${user}`);
    const billing = createBilling({ redis: used.redis, clock: () => NOON });
    await billing.trackBytesProcessed(user, 1, 'new');
    expect(await distrust(used.redis, user)).toBeTypeOf('string');
  }
});

it('is removed without a trace, also under a build', async () => {
  await seedOldRecords(['u', 'v'], 30);
  await used.redis.set('billing:user:text', 'x');
  const before = await databaseSnapshot(used.redis);
  await build(used.redis, { now: NOON });
  expect(await removeJobIndex(used.redis, { ...quiet, dryRun: true })).toBe(5);
  expect(await removeJobIndex(used.redis, { ...quiet, dryRun: false })).toBe(5);
  expect(await hashesOf(before)).toEqual(await hashesOf(await databaseSnapshot(used.redis)));

  const removing: Promise<unknown>[] = [];
  const start = (now: string) => {
    if (now === 'indexing jobs') {
      removing.push(removeJobIndex(used.redis, { ...quiet, dryRun: false }));
    }
  };
  await expect(
    build(used.redis, { now: NOON, progress: { ...idle, start } }),
  ).rejects.toMatchObject({ code: 'locked' });
  await Promise.all(removing);
  expect(await distrust(used.redis, 'u')).toBe('there is none');
});

/** A mark that was added and removed may change how Redis stores a hash, not what it holds. */
async function hashesOf(snapshot: Awaited<ReturnType<typeof databaseSnapshot>>): Promise<unknown> {
  const hashes: Record<string, unknown> = {};
  for (const key of [...snapshot.keys()].sort()) {
    const isHash = (await used.redis.type(key)) === 'hash';
    hashes[key] = isHash ? await used.redis.hgetall(key) : snapshot.get(key)?.value;
  }
  return hashes;
}
