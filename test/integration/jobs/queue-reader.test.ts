import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueueJob, QueueState } from '../../../src/jobs/job.js';
import {
  findQueueJob,
  idsOfUser,
  listQueueIds,
  listQueueNames,
  queueExists,
  readCreations,
  readQueueRows,
} from '../../../src/jobs/queue/reader.js';
import type { BullJob, FilledQueue, Major } from '../../helpers/bull-queues.js';
import { BullQueues, MAJORS, fillQueue, jobData } from '../../helpers/bull-queues.js';
import { type RedisServer, startRedisServer } from '../../helpers/redis-server.js';
import { databaseSnapshot } from '../../helpers/redis-snapshot.js';

const QUEUE = { prefix: 'bull', name: 'ai-job' };
const PAUSED = { prefix: 'bull', name: 'scan-job' };
const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
const onData = (id: string, wasRead: boolean) =>
  expect({ id, wasRead }).toEqual({ id, wasRead: true });

let server: RedisServer;
let admin: Redis;
/** May read, and nothing else. */
let redis: Redis;

beforeAll(async () => {
  server = await startRedisServer();
  admin = new Redis(server.url);
  await admin.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '+@read', '+@connection', '~*');
  redis = new Redis(server.url.replace('redis://', 'redis://reader:pw@'), {
    ...{ enableReadyCheck: false, disableClientInfo: true },
  });
});
afterAll(async () => {
  redis.disconnect();
  admin.disconnect();
  await server.stop();
});

describe.each(MAJORS)('a queue of BullMQ %i', (major: Major) => {
  let bull: BullQueues;
  let ids: FilledQueue;

  beforeAll(async () => {
    await admin.flushall();
    bull = await BullQueues.load(major, server.url);
    ids = await fillQueue(bull, QUEUE.name);
  });
  afterAll(() => bull.close());

  it('has every job in its state, and no other', async () => {
    const listed = await listQueueIds(redis, QUEUE);
    expect(Object.fromEntries(listed)).toMatchObject({
      [ids.completed]: 'completed',
      [ids.failed]: 'failed',
      [ids.retrying]: 'delayed',
      [ids.active]: 'active',
      [ids.activeInSteps]: 'active',
      [ids.waiting]: 'waiting',
      [ids.named]: 'waiting',
      [ids.urgent]: major < 4 ? 'waiting' : 'prioritized',
      [ids.delayed]: 'delayed',
      [ids.parent]: 'waiting-children',
    });
    expect(listed.has(ids.removed)).toBe(false);
    expect(listed).toEqual(await statesByBull(bull, QUEUE.name));
    for (const [id, state] of listed) {
      expect(await findQueueJob(redis, QUEUE, id)).toMatchObject({ id, state });
    }
  });

  it('has the jobs that BullMQ reads', async () => {
    const jobs = await wholeJobs(await listQueueIds(redis, QUEUE));
    expect(jobs).toHaveLength(11);
    const queue = bull.queue(QUEUE.name);
    for (const job of jobs) {
      const theirs = (await queue.getJob(job.id))!;
      expect(comparable(job)).toEqual(comparableOf(theirs));
      expect(job).toMatchObject({ queue: QUEUE.name, problems: [] });
    }
    const byId = new Map(jobs.map((job) => [job.id, job]));
    expect(byId.get(ids.active)).toMatchObject({ progress: 45, progressDetail: null });
    expect(byId.get(ids.activeInSteps)).toMatchObject({
      ...{ progress: 30, progressDetail: { percent: 30, step: 'render' } },
    });
    expect(byId.get(ids.failed)).toMatchObject({ attemptsMade: 3, failedReason: 'boom 3' });
    expect(byId.get(ids.failed)?.stacktrace.map((trace) => trace.split('\n')[0])).toEqual([
      ...['Error: boom 1', 'Error: boom 2', 'Error: boom 3'],
    ]);
    expect(byId.get(ids.completed)).toMatchObject({
      ...{ userId: 'alice', files: ['originals/1.png', 'originals/2.png'] },
      returnValue: { path: `outputs/${ids.completed}/video.mp4` },
    });
  });

  it('gives rows with what a list shows, and nothing else', async () => {
    const wanted = await listQueueIds(redis, QUEUE);
    const rows = await collect(readQueueRows(redis, QUEUE, wanted, { signal }));
    const left = { name: null, data: null, files: null, options: {}, stacktrace: [] };
    const whole = await wholeJobs(wanted);
    expect(rows).toEqual(whole.map((job) => ({ ...job, ...left, returnValue: null })));
    const created = await collect(readCreations(redis, QUEUE, wanted, signal));
    expect(created).toEqual(whole.map(({ id, state, createdAt }) => ({ id, state, createdAt })));
  });

  it('gives the jobs of one user', async () => {
    const wanted = await listQueueIds(redis, QUEUE);
    const of = async (userId: string) =>
      (await collect(idsOfUser(redis, QUEUE, wanted, { userId, signal, onData }))).map(
        ([id]) => id,
      );
    const ofBob = await of('bob');
    expect(ofBob).toContain(ids.waiting);
    expect(ofBob).toHaveLength(2);
    expect(await of('alice')).toHaveLength(9);
    expect(await of('ali')).toEqual([]);
  });

  it('tells when delayed jobs are due, what parents wait for, and who has a lock', async () => {
    const byId = new Map((await wholeJobs(await listQueueIds(redis, QUEUE))).map((j) => [j.id, j]));
    const hourLater = (id: string, from: 'createdAt' | 'startedAt') =>
      (byId.get(id)!.dueAt!.getTime() - byId.get(id)![from]!.getTime()) / HOUR_MS;
    expect(hourLater(ids.delayed, 'createdAt')).toBeCloseTo(1, 3);
    expect(hourLater(ids.retrying, 'startedAt')).toBeCloseTo(1, 2);
    expect(byId.get(ids.parent)).toMatchObject({ childrenWaiting: 1, stalled: null });
    expect(byId.get(ids.active)).toMatchObject({ stalled: false, dueAt: null });
    expect(byId.get(ids.waiting)).toMatchObject({
      ...{ stalled: null, dueAt: null, childrenWaiting: null },
    });
    await admin.del(`bull:${QUEUE.name}:${ids.active}:lock`);
    expect(await findQueueJob(redis, QUEUE, ids.active)).toMatchObject({ stalled: true });
  });

  it('is found by its name', async () => {
    expect(await listQueueNames(redis, 'bull', signal)).toEqual(['ai-job']);
    expect(await queueExists(redis, QUEUE)).toBe(true);
    expect(await queueExists(redis, { ...QUEUE, name: 'ai' })).toBe(false);
  });

  it('that is paused has its waiting jobs as paused, and again as waiting', async () => {
    const queue = bull.queue(PAUSED.name);
    const before = await queue.add('render', jobData('alice'));
    await queue.add('render', jobData('alice'), { delay: 3_600_000 });
    await queue.pause();
    const after = await queue.add('render', jobData('alice'));
    const listed = await listQueueIds(redis, PAUSED);
    expect([...listed.values()].sort()).toEqual(['delayed', 'paused', 'paused']);
    expect(listed).toEqual(await statesByBull(bull, PAUSED.name));
    for (const { id = '' } of [before, after]) {
      expect(await findQueueJob(redis, PAUSED, id)).toMatchObject({ state: 'paused' });
    }
    const ofAlice = idsOfUser(redis, PAUSED, listed, { userId: 'alice', signal, onData });
    expect(await collect(ofAlice)).toHaveLength(3);
    await queue.resume();
    expect(await listQueueIds(redis, PAUSED)).toEqual(await statesByBull(bull, PAUSED.name));
    expect(await findQueueJob(redis, PAUSED, before.id!)).toMatchObject({ state: 'waiting' });
  });

  it('has no markers among its jobs', async () => {
    const idle = { prefix: 'bull', name: 'idle' };
    const queue = bull.queue(idle.name);
    const { id: delayed = '' } = await queue.add('render', {}, { delay: 3_600_000 });
    const hasMarker = major === 3 || major === 4;
    expect(await admin.llen('bull:idle:wait')).toBe(hasMarker ? 1 : 0);
    expect(await listQueueIds(redis, idle)).toEqual(new Map([[delayed, 'delayed']]));
    const { id: urgent = '' } = await queue.add('render', {}, { priority: 1 });
    expect([...(await listQueueIds(redis, idle)).keys()].sort()).toEqual([delayed, urgent].sort());
    for (const marker of ['0', '0:0']) {
      expect(await findQueueJob(redis, idle, marker)).toBeUndefined();
    }
  });

  it('stays as it is', async () => {
    await bull.close();
    const kept = async () =>
      [...(await databaseSnapshot(admin))].filter(([, { expiresAtMs }]) => expiresAtMs === -1);
    const before = await kept();
    const wanted = await listQueueIds(redis, QUEUE);
    await collect(readCreations(redis, QUEUE, wanted, signal));
    await collect(readQueueRows(redis, QUEUE, wanted, { signal }));
    await collect(idsOfUser(redis, QUEUE, wanted, { userId: 'alice', signal, onData }));
    for (const id of wanted.keys()) await findQueueJob(redis, QUEUE, id);
    await listQueueNames(redis, 'bull', signal);
    await queueExists(redis, QUEUE);
    expect(await kept()).toEqual(before);
  });
});

async function collect<Item>(pages: AsyncIterable<Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

async function wholeJobs(wanted: ReadonlyMap<string, QueueState>): Promise<QueueJob[]> {
  const jobs: QueueJob[] = [];
  for (const id of wanted.keys()) jobs.push((await findQueueJob(redis, QUEUE, id))!);
  return jobs;
}

/** What BullMQ says; it has no word for what waits while the queue is paused that serves them all. */
async function statesByBull(bull: BullQueues, name: string): Promise<Map<string, QueueState>> {
  const queue = bull.queue(name);
  const isPaused = await queue.isPaused();
  const lists = ['waiting', 'paused', 'active', 'delayed', 'waiting-children'];
  const jobs = await queue.getJobs([...lists, 'completed', 'failed', 'prioritized']);
  const states = new Map<string, QueueState>();
  for (const job of jobs) {
    const state = (await job.getState()) as QueueState;
    states.set(job.id!, isPaused && state === 'waiting' ? 'paused' : state);
  }
  return states;
}

function comparable(job: QueueJob): object {
  return {
    ...{ id: job.id, name: job.name, data: job.data },
    progress: job.progressDetail ?? job.progress ?? 0,
    timestamp: job.createdAt?.getTime(),
    processedOn: job.startedAt?.getTime(),
    finishedOn: job.finishedAt?.getTime(),
    failedReason: job.failedReason ?? undefined,
    attemptsMade: job.attemptsMade ?? 0,
    stacktrace: job.stacktrace,
    returnvalue: job.returnValue,
  };
}

function comparableOf(job: BullJob): object {
  return {
    ...{ id: job.id, name: job.name, data: job.data, progress: job.progress },
    ...{ timestamp: job.timestamp, processedOn: job.processedOn, finishedOn: job.finishedOn },
    ...{ failedReason: job.failedReason, attemptsMade: job.attemptsMade },
    stacktrace: job.stacktrace ?? [],
    returnvalue: job.returnvalue ?? null,
  };
}
