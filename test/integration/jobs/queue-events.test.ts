import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { QueueEvent } from '../../../src/jobs/queue/events.js';
import { readQueueEvents } from '../../../src/jobs/queue/events.js';
import { connectOnce } from '../../../src/redis/connect.js';
import { withTranslatedErrors } from '../../../src/redis/reader.js';
import { BullQueues, MAJORS, jobData } from '../../helpers/bull-queues.js';
import { waitUntil } from '../../helpers/child-processes.js';
import { RawQueue } from '../../helpers/raw-queue.js';
import { startRedisProxy } from '../../helpers/redis-proxy.js';
import { useRedis } from '../../helpers/use-redis.js';

const QUEUE = { prefix: 'bull', name: 'ai-job' };
const used = useRedis();
const raw = () => new RawQueue(used.redis, QUEUE);
const closings: (() => unknown)[] = [];

beforeEach(async () => {
  await used.redis.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '+@read', '+@connection', '~*');
});
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** A connection as the program makes it, of a user who may only read. */
async function connect(port: number): Promise<Redis> {
  const redis = await connectOnce({
    at: { kind: 'server', host: '127.0.0.1', port, useTls: false },
    ...{
      username: 'reader',
      password: 'pw',
      db: 0,
      caPem: undefined,
      text: 'here',
      setting: 'REDIS_URL',
    },
  });
  closings.push(() => redis.disconnect());
  return redis;
}

interface Watch {
  pages: AsyncGenerator<QueueEvent[]>;
  controller: AbortController;
}

/** From now on: it has begun to wait when this resolves. */
async function watch(port = used.server.port, blockMs = 20): Promise<Watch> {
  const redis = withTranslatedErrors(await connect(port), { text: 'here', setting: 'REDIS_URL' });
  const controller = new AbortController();
  const pages = readQueueEvents(redis, QUEUE, { signal: controller.signal, blockMs });
  return { pages, controller };
}

/** The events until one of them is the last one. */
async function eventsUntil(
  pages: AsyncGenerator<QueueEvent[]>,
  isLast: (event: QueueEvent) => boolean,
): Promise<QueueEvent[]> {
  const events: QueueEvent[] = [];
  while (!events.some(isLast)) events.push(...((await pages.next()).value as QueueEvent[]));
  return events;
}

describe.each(MAJORS)('the events of BullMQ %i', (major) => {
  it('arrive in their order, from now on', async () => {
    const bull = await BullQueues.load(major, used.server.url);
    closings.push(() => bull.close());
    const queue = bull.queue(QUEUE.name);
    const { id: before } = await queue.add('render', jobData('alice'));
    const { pages } = await watch();
    expect((await pages.next()).value).toEqual([]);
    const options = { removeOnComplete: true };
    const { id } = await queue.add('render', jobData('alice', { progress: 45 }), options);
    bull.work(QUEUE.name, 1);
    const done = ({ event, jobId }: QueueEvent) => event === 'completed' && jobId === id;
    const events = await eventsUntil(pages, done);
    const ofJob = events.filter(({ jobId }) => jobId === id).map(({ event }) => event);
    expect(ofJob).toEqual(['added', 'waiting', 'active', 'progress', 'completed']);
    const ofOther = events.filter(({ jobId }) => jobId === before).map(({ event }) => event);
    expect(ofOther).toEqual(['active', 'completed']);
    expect(events.find(({ event }) => event === 'progress')?.fields).toMatchObject({ data: '45' });
  });
});

describe('the events', () => {
  it('of a queue that does not exist yet arrive when it does', async () => {
    const { pages } = await watch();
    expect((await pages.next()).value).toEqual([]);
    await raw().moveJob('1', 'wait');
    const [event] = await eventsUntil(pages, () => true);
    expect(event).toEqual({ event: 'wait', jobId: '1', fields: { event: 'wait', jobId: '1' } });
  });

  it('that happen while a page is worked on are not missed', async () => {
    const { pages } = await watch();
    const count = 2500;
    await pages.next();
    const adding = used.redis.pipeline();
    for (let n = 1; n <= count; n++)
      adding.xadd(raw().key('events'), '*', 'event', 'e', 'jobId', n);
    await adding.exec();
    const events = await eventsUntil(pages, ({ jobId }) => jobId === String(count));
    expect(events.map(({ jobId }) => Number(jobId))).toEqual(
      Array.from({ length: count }, (_none, index) => index + 1),
    );
  });

  it('may hold anything', async () => {
    const { pages } = await watch();
    await pages.next();
    await used.redis.xadd(raw().key('events'), '*', '__proto__', 'x', '', '');
    const [event] = await eventsUntil(pages, () => true);
    expect(event).toMatchObject({ event: '', jobId: null });
    expect(Object.entries(event!.fields)).toEqual([
      ['__proto__', 'x'],
      ['', ''],
    ]);
  });

  it('end with an error where the connection is cut', async () => {
    const proxy = await startRedisProxy(used.server.url, {});
    closings.push(() => proxy.close());
    const { pages } = await watch(proxy.port, 10_000);
    const next = pages.next();
    await blocked(1);
    proxy.cut();
    await expect(next).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('end at once with the reason of the signal, though Redis still waits', async () => {
    const { pages, controller } = await watch(used.server.port, 10_000);
    const next = pages.next();
    await blocked(1);
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    await blocked(1);
    expect(await pages.next()).toEqual({ done: true, value: undefined });
  });

  it('of a key of a wrong type are told to be damaged', async () => {
    await used.redis.set(raw().key('events'), 'x');
    const { pages } = await watch();
    await expect(pages.next()).rejects.toMatchObject({ code: 'damaged' });
  });
});

/** Resolves when so many connections wait for events. */
async function blocked(count: number): Promise<void> {
  const isSo = async () =>
    (await used.redis.info('clients')).includes(`blocked_clients:${count}\r\n`);
  await waitUntil('the wait for events', [], isSo, 10_000);
}
