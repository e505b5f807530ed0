import { SignJWT } from 'jose';
import { safeParse } from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { listedJob } from '../../../src/serve/schemas/jobs.js';
import { jobData } from '../../helpers/bull-queues.js';
import { EventStream, type StreamedEvent } from '../../helpers/event-stream.js';
import { LiveQueue, useLiveQueue } from '../../helpers/live-queue.js';
import { startRedisProxy } from '../../helpers/redis-proxy.js';
import { startRedisServer } from '../../helpers/redis-server.js';
import { useServers } from '../../helpers/serve.js';

const used = useLiveQueue();
const serve = useServers();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listen(
  port: number,
  query = '',
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const stream = await EventStream.open(port, `/api/jobs/events${query}`, { headers });
  ends.push(() => stream.close());
  return stream;
}

const isJob =
  (id: string, status?: string) =>
  ({ event, data }: StreamedEvent): boolean =>
    event === 'job' && data.id === id && (status === undefined || data.status === status);
const isEvent =
  (name: string) =>
  ({ event }: StreamedEvent): boolean =>
    event === name;

/** How many connections wait for events of the queue. */
async function readers(): Promise<number> {
  const list = String(await used.records().redis.call('CLIENT', 'LIST'));
  return list.split('\n').filter((line) => line.includes(' cmd=xread')).length;
}

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAtMs = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) throw new Error(`it never came to that: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('the events of jobs', () => {
  it('are told at once as documents of the list, with ids of the stream', async () => {
    const server = await serve([], used.env());
    const stream = await listen(server.port);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await stream.next('the first ping', isEvent('ping'));
    await until('a reader', async () => (await readers()) === 1);
    used.queue().work();
    const id = await used.queue().add(jobData('alice'));
    const running = await used.queue().begun(id);
    const first = await stream.next('processing', isJob(id, 'processing'));
    expect(first.id).toMatch(/^\d+-\d+$/);
    expect(safeParse(listedJob, first.data).issues).toBeUndefined();
    await running.job.updateProgress(45);
    await stream.next('progress', ({ data }) => data.id === id && data.progress === 45);
    const listed = JSON.parse((await server.get('/api/jobs')).text) as { jobs: unknown[] };
    const last = stream.of('job').at(-1);
    expect(last?.data).toEqual(listed.jobs[0]);
    await used.records().redis.hset(`billing:job:${id}`, { user_id: 'alice', status: 'completed' });
    running.complete();
    await stream.next('completed', isJob(id, 'completed'));
  });

  it('tell of the end of a job before its record is written, and of the record then', async () => {
    const server = await serve([], used.env());
    const stream = await listen(server.port, '?user_id=alice');
    used.queue().work();
    const id = await used.queue().add(jobData('alice'));
    const running = await used.queue().begun(id);
    await stream.next('processing', isJob(id, 'processing'));
    running.complete();
    const end = await stream.next('completed', isJob(id, 'completed'));
    expect(end.data.cost).toBeNull();
    await used.records().redis.hset(`billing:job:${id}`, {
      ...{ user_id: 'alice', status: 'completed', bytes_processed: '1000', compute_seconds: '2' },
      timestamp: new Date().toISOString(),
    });
    await stream.next('the cost', ({ data }) => data.id === id && data.cost !== null);
    const gone = await used.queue().add(jobData('alice'), { delay: 60_000 });
    await stream.next('delayed', isJob(gone, 'pending'));
    await (await used.queue().queue.getJob(gone))?.remove();
    await stream.next('removed', ({ event, data }) => event === 'removed' && data.id === gone);
  });

  it('are those of the user alone, and of the statuses that were asked for', async () => {
    const server = await serve(['--behind-proxy', '127.0.0.1'], used.env());
    expect((await listen(server.port, '?user_id=bob', { 'x-user-id': 'alice' })).status).toBe(403);
    expect((await listen(server.port)).status).toBe(401);
    expect((await listen(server.port, '?status=odd', { 'x-user-id': 'a' })).status).toBe(400);
    const alice = await listen(server.port, '', { 'x-user-id': 'alice' });
    const failed = await listen(server.port, '?status=failed', { 'x-user-id': 'bob' });
    used.queue().work();
    const [ofAlice, ofBob] = [
      await used.queue().add(jobData('alice')),
      await used.queue().add(jobData('bob')),
    ];
    const running = await used.queue().begun(ofBob);
    await alice.next('her job', isJob(ofAlice, 'processing'));
    running.fail('out of memory');
    const failure = await failed.next('his failure', isJob(ofBob, 'failed'));
    expect(failure.data.error).toBe('out of memory');
    expect(failed.of('job').length).toBe(1);
    await (await used.queue().queue.getJob(ofBob))?.retry();
    await failed.next('no more', ({ event, data }) => event === 'removed' && data.id === ofBob);
    expect(JSON.stringify(alice.events)).not.toContain(`"${ofBob}"`);
    expect(JSON.stringify(failed.events)).not.toContain(`"${ofAlice}"`);
  });

  it('need one reader for all clients, which stops after the last', async () => {
    const server = await serve([], used.env());
    const streams = await Promise.all(Array.from({ length: 20 }, () => listen(server.port)));
    await until('one reader', async () => (await readers()) === 1);
    const id = await used.queue().add(jobData('alice'));
    for (const stream of streams) await stream.next('the job', isJob(id));
    expect(await readers()).toBe(1);
    for (const stream of streams.slice(1)) stream.close();
    await until('one reader', async () => (await readers()) === 1);
    streams[0]?.close();
    await until('no reader', async () => (await readers()) === 0);
    const again = await listen(server.port);
    await until('one reader', async () => (await readers()) === 1);
    const next = await used.queue().add(jobData('alice'));
    await again.next('the job', isJob(next));
  });

  it('end when the token expires, which a new request finds too', async () => {
    const secret = 'k'.repeat(40);
    const server = await serve(['--auth', 'token'], { ...used.env(), JWT_SECRET: secret });
    // Clocks may differ by 30 s, so that this token is accepted for 8 s more.
    const endSeconds = Math.floor(Date.now() / 1000) - 22;
    const token = await new SignJWT({ userId: 'alice', type: 'access' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(endSeconds)
      .sign(new TextEncoder().encode(secret));
    const ways = [{ cookie: `mangamotion_session=${token}` }, { authorization: `Bearer ${token}` }];
    const streams = await Promise.all(ways.map((headers) => listen(server.port, '', headers)));
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    for (const stream of streams) {
      await stream.next('the end', isEvent('expired'), { withinMs: 40_000 });
      expect(Date.now()).toBeGreaterThanOrEqual((endSeconds + 30) * 1000 - 50);
      await until('the stream has ended', () => stream.isEnded);
    }
    await until('no reader', async () => (await readers()) === 0);
    for (const headers of ways) {
      expect((await listen(server.port, '', headers)).status).toBe(401);
      expect((await server.get('/api/session', headers)).status).toBe(401);
    }
  }, 60_000);

  it('need no reader for HEAD', async () => {
    const server = await serve([], used.env());
    const head = await server.request('HEAD', '/api/jobs/events');
    expect([head.status, head.headers['content-type'], head.text]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      '',
    ]);
    expect(await readers()).toBe(0);
  });
});

describe('a client that comes back', () => {
  it('gets what it has missed, and no reset', async () => {
    const server = await serve([], used.env());
    const first = await listen(server.port);
    const seen = await used.queue().add(jobData('alice'));
    await first.next('the job', isJob(seen));
    const lastId = first.lastId ?? '';
    first.close();
    const missed = await used.queue().add(jobData('alice'));
    const gone = await used.queue().add(jobData('alice'));
    await (await used.queue().queue.getJob(gone))?.remove();
    const second = await listen(server.port, '', { 'last-event-id': lastId });
    await second.next('the missed job', isJob(missed));
    await second.next('the removal', ({ event, data }) => event === 'removed' && data.id === gone);
    const live = await used.queue().add(jobData('alice'));
    await second.next('a live job', isJob(live));
    expect(second.of('reset')).toEqual([]);
    expect(second.events.some(isJob(seen))).toBe(false);
  });

  it.each([
    '1-1',
    '99999999999999-0',
    'what',
    '',
    '-',
    '1-1; DROP',
    '18446744073709551615-0',
    '9'.repeat(500),
  ])('gets a reset for the id %j', async (lastId) => {
    const server = await serve([], used.env());
    await used.queue().add(jobData('alice'));
    const stream = await listen(server.port, '', { 'last-event-id': lastId });
    const reset = await stream.next('a reset', isEvent('reset'));
    expect(reset.id).toMatch(/^\d+-\d+$/);
    const id = await used.queue().add(jobData('alice'));
    await stream.next('the job', isJob(id));
  });

  it('gets a reset where its id has been trimmed', async () => {
    const server = await serve([], used.env());
    const first = await listen(server.port);
    const id = await used.queue().add(jobData('alice'));
    await first.next('the job', isJob(id));
    const lastId = first.lastId ?? '';
    first.close();
    await used.queue().add(jobData('alice'));
    await used.records().redis.call('XTRIM', 'bull:ai-job:events', 'MAXLEN', 1);
    const second = await listen(server.port, '', { 'last-event-id': lastId });
    await second.next('a reset', isEvent('reset'));
  });
});

describe('a client whose last event is not in the stream', () => {
  it('gets a reset, also where others came before and after it: it is of another Redis', async () => {
    const server = await serve([], used.env());
    await used.queue().add(jobData('alice'));
    const first = await listen(server.port);
    await used.queue().add(jobData('alice'));
    const { id = '' } = await first.next('a job', isEvent('job'));
    first.close();
    const [ms = '', sequence = ''] = id.split('-');
    const other = `${ms}-${Number(sequence) + 1000}`;
    await used.records().redis.call('XADD', 'bull:ai-job:events', `${ms}-2000`, 'event', 'drained');
    const second = await listen(server.port, '', { 'last-event-id': other });
    await second.next('a reset', isEvent('reset'));
  });
});

describe('while Redis is away', () => {
  it('clients are told, and everything is right within 5 s of its return', async () => {
    const first = await startRedisServer();
    const server = await serve([], { REDIS_URL: first.url });
    const stream = await listen(server.port);
    const early = await listen(server.port, '?user_id=alice');
    let queue = new LiveQueue(first.port);
    const before = await queue.add(jobData('alice'));
    await stream.next('the job', isJob(before));
    await queue.close();
    await first.stop();
    await stream.next('away', ({ event, data }) => event === 'redis' && data.state === 'away');
    const late = await listen(server.port);
    await late.next('away', ({ event, data }) => event === 'redis' && data.state === 'away');
    const second = await startRedisServer({ port: first.port });
    const backAtMs = performance.now();
    ends.push(() => second.stop());
    queue = new LiveQueue(second.port);
    const after = await queue.add(jobData('alice'));
    for (const one of [stream, early, late]) {
      await one.next('back', ({ event, data }) => event === 'redis' && data.state === 'back');
      await one.next('a reset', isEvent('reset'));
    }
    expect(performance.now() - backAtMs).toBeLessThan(5000);
    const list = JSON.parse((await server.get('/api/jobs')).text) as { jobs: { id: string }[] };
    expect(list.jobs.map(({ id }) => id)).toEqual([after]);
    const next = await queue.add(jobData('alice'));
    for (const one of [stream, early, late]) await one.next('a job', isJob(next));
    await queue.close();
  });

  it('nothing is missed, and nobody has to start over, when only connections were lost', async () => {
    let isUp = true;
    const proxy = await startRedisProxy(used.env().REDIS_URL, {
      onRequest: () => {
        if (!isUp) throw new Error('away');
      },
    });
    ends.push(() => proxy.close());
    const server = await serve([], { REDIS_URL: proxy.url });
    const stream = await listen(server.port);
    const seen = await used.queue().add(jobData('alice'));
    await stream.next('the job', isJob(seen));
    isUp = false;
    proxy.cut();
    await stream.next('away', ({ event, data }) => event === 'redis' && data.state === 'away');
    const missed = await used.queue().add(jobData('alice'));
    isUp = true;
    await stream.next('the missed job', isJob(missed));
    expect(stream.of('redis').map(({ data }) => data.state)).toEqual(['away', 'back']);
    expect(stream.of('reset')).toEqual([]);
  });
});

describe('a client that does not read', () => {
  it('is not waited for: it gets a reset when it reads on, and then what happens', async () => {
    const server = await serve([], used.env());
    const slow = await EventStream.open(server.port, '/api/jobs/events', { paused: true });
    ends.push(() => slow.close());
    const fast = await listen(server.port);
    const { redis } = used.records();
    const ids = Array.from({ length: 200 }, (_none, at) => `job-${at}`);
    const reason = 'x'.repeat(15_000);
    for (const [at, id] of ids.entries()) {
      const data = JSON.stringify(jobData('alice'));
      await redis.hset(`bull:ai-job:${id}`, {
        data,
        timestamp: '1700000000000',
        failedReason: reason,
      });
      await redis.zadd('bull:ai-job:failed', at, id);
    }
    for (let round = 1; round <= 8; round++) {
      const from = fast.events.length;
      const pipeline = redis.pipeline();
      for (const id of ids) {
        pipeline.hset(`bull:ai-job:${id}`, 'progress', String(round));
        pipeline.xadd('bull:ai-job:events', '*', 'event', 'progress', 'jobId', id, 'data', '1');
      }
      await pipeline.exec();
      const isLast = ({ data }: StreamedEvent) => data.id === 'job-199' && data.progress === round;
      await fast.next('the last change', isLast, { from });
    }
    expect(fast.of('reset')).toEqual([]);
    slow.read();
    await slow.next('a reset', isEvent('reset'));
    expect(slow.of('job').length).toBeLessThan(8 * 200);
    const id = await used.queue().add(jobData('alice'));
    await slow.next('the next job', isJob(id));
  }, 60_000);
});

describe('the end of the server', () => {
  it('is told to clients, and their streams end', async () => {
    const server = await serve([], used.env());
    const streams = await Promise.all([1, 2, 3].map(() => listen(server.port)));
    for (const stream of streams) await stream.next('a ping', isEvent('ping'));
    const startedMs = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(4000);
    for (const stream of streams) {
      await until('its end', () => stream.isEnded);
      expect(stream.of('shutdown').length).toBe(1);
    }
  });
});

describe('a queue that changes as a whole', () => {
  it('is to be listed anew', async () => {
    const server = await serve([], used.env());
    const stream = await listen(server.port);
    await until('a reader', async () => (await readers()) === 1);
    await used.queue().queue.pause();
    await stream.next('a reset', isEvent('reset'));
  });
});

describe('a stream of events that is gone', () => {
  it('is noticed by all who listen, and everything is right afterwards', async () => {
    const server = await serve([], used.env());
    const stream = await listen(server.port);
    const { redis } = used.records();
    const key = 'bull:ai-job:events';
    const before = await used.queue().add(jobData('alice'));
    await stream.next('a job', isJob(before));
    const isReset = isEvent('reset');
    const nextReset = async (): Promise<number> => {
      await stream.next('a reset', isReset, { from });
      return stream.events.length;
    };

    let from = stream.events.length;
    await redis.call('FLUSHALL');
    from = await nextReset();
    const list = JSON.parse((await server.get('/api/jobs')).text) as { jobs: unknown[] };
    expect(list.jobs).toEqual([]);
    const after = await used.queue().add(jobData('alice'));
    await stream.next('the job after it', isJob(after), { from });

    // One that is made anew at once, and one whose ids are those of a clock that went back.
    for (const id of ['*', '1-1']) {
      from = stream.events.length;
      const steps = redis.multi().del(key);
      await steps.xadd(key, id, 'event', 'progress', 'jobId', after, 'data', '1').exec();
      from = await nextReset();
      const next = id === '*' ? '*' : '1-2';
      await redis.call('XADD', key, next, 'event', 'progress', 'jobId', after, 'data', '2');
      await stream.next('a change after it', isJob(after), { from });
    }
    expect(stream.of('redis')).toEqual([]);
    expect(stream.of('reset')).toHaveLength(3);
  }, 60_000);
});
