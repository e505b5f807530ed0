import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listQueueIds } from '../../../src/jobs/queue/reader.js';
import { PLACES } from '../../../src/jobs/queue/layout.js';
import { RawQueue, interposed } from '../../helpers/raw-queue.js';
import { useRedis } from '../../helpers/use-redis.js';

const QUEUE = { prefix: 'bull', name: 'ai-job' };
const used = useRedis();
const raw = () => new RawQueue(used.redis, QUEUE);
const suffixes = [...new Set(PLACES.map(({ suffix }) => suffix))];

/** Lists while `move` is made before the first read of the key. */
async function listedWhile(suffix: string, move: () => Promise<unknown>) {
  let isDone = false;
  const redis = interposed(used.redis, async (_command, [key]) => {
    if (isDone || key !== raw().key(suffix)) return;
    isDone = true;
    await move();
  });
  const listed = await listQueueIds(redis, QUEUE);
  expect(isDone).toBe(true);
  return listed;
}

describe('a job that moves while the queue is listed', () => {
  it.each([
    // On its way: met where it comes to, or in both.
    ['wait', 'active', 'active', 'active'],
    ['wait', 'active', 'failed', 'active'],
    ['active', 'completed', 'completed', 'completed'],
    ['delayed', 'wait', 'wait', 'waiting'],
    ['active', 'waiting-children', 'waiting-children', 'waiting-children'],
    // Back, into a place that has been read.
    ['active', 'delayed', 'active', 'delayed'],
    ['active', 'wait', 'active', 'waiting'],
    ['failed', 'wait', 'failed', 'waiting'],
    ['waiting-children', 'wait', 'waiting-children', 'waiting'],
    ['paused', 'wait', 'paused', 'waiting'],
  ])('from %s to %s, before %s is read, is %s', async (from, to, before, state) => {
    await raw().addJob('j', from);
    const listed = await listedWhile(before, () => raw().moveJob('j', to));
    expect([...listed]).toEqual([['j', state]]);
  });

  it('between wait and prioritized is there, though it leaves no event', async () => {
    const { redis } = used;
    const wait = raw().key('wait');
    const prioritized = raw().key('prioritized');
    await raw().addJob('up', 'wait');
    const up = await listedWhile('wait', () =>
      redis.multi().lrem(wait, 0, 'up').zadd(prioritized, 1, 'up').exec(),
    );
    expect([...up]).toEqual([['up', 'prioritized']]);
    const down = await listedWhile('paused', () =>
      redis.multi().zrem(prioritized, 'up').lpush(wait, 'up').exec(),
    );
    expect([...down]).toEqual([['up', 'prioritized']]);
  });

  it('with its whole list, which is renamed to pause the queue, is paused', async () => {
    await raw().addJob('j', 'wait');
    const pause = () =>
      used.redis
        .multi()
        .rename(raw().key('wait'), raw().key('paused'))
        .hset(raw().key('meta'), 'paused', 1)
        .xadd(raw().key('events'), '*', 'event', 'paused')
        .exec();
    expect([...(await listedWhile('wait', pause))]).toEqual([['j', 'paused']]);
    const resume = () =>
      used.redis
        .multi()
        .rename(raw().key('paused'), raw().key('wait'))
        .hdel(raw().key('meta'), 'paused')
        .xadd(raw().key('events'), '*', 'event', 'resumed')
        .exec();
    expect([...(await listedWhile('paused', resume))]).toEqual([['j', 'waiting']]);
  });

  it('is never lost, and has a state that it had', async () => {
    const moves = fc.array(
      fc.record({ afterReads: fc.nat(8), to: fc.constantFrom(...suffixes) }),
      // With more of them it could go back in each of the passes.
      { maxLength: 2 },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...suffixes), moves, async (first, planned) => {
        await used.redis.flushall();
        await raw().addJob('j', first);
        await raw().addJob('other', 'wait');
        const places = [first];
        const plan = [...planned];
        let reads = 0;
        const redis = interposed(used.redis, async () => {
          reads += 1;
          if (plan[0] === undefined || reads <= plan[0].afterReads) return;
          reads = 0;
          const { to } = plan.shift()!;
          places.push(to);
          await raw().moveJob('j', to);
        });
        const listed = await listQueueIds(redis, QUEUE);
        const states = PLACES.filter(({ suffix }) => places.includes(suffix));
        expect(states.map(({ state }) => state)).toContain(listed.get('j'));
        expect(listed.get('other')).toBe('waiting');
        expect(listed.size).toBe(2);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a long queue', () => {
  it('is read in chunks, whole while jobs come and go', async () => {
    await raw().addIds('wait', 100_000);
    const longest: number[] = [];
    let added = 100_000;
    const counting = interposed(used.redis, async (command) => {
      if (command !== 'LRANGE') return;
      // New ones at the head, and the oldest, at the tail, is taken.
      await used.redis.lpush(raw().key('wait'), String(++added));
      await used.redis.lmove(raw().key('wait'), raw().key('active'), 'RIGHT', 'LEFT');
    });
    const redis = {
      ...counting,
      call: async (command: string, ...args: (string | Buffer | number)[]) => {
        const answer = await counting.call(command, ...args);
        if (Array.isArray(answer)) longest.push(answer.length);
        return answer;
      },
    };
    const listed = await listQueueIds(redis, QUEUE);
    expect(Math.max(...longest)).toBe(10_000);
    for (let id = 1; id <= 100_000; id++) expect(listed.has(String(id))).toBe(true);
    const active = await used.redis.lrange(raw().key('active'), 0, -1);
    expect(active.length).toBeGreaterThanOrEqual(10);
    expect(listed.get('1')).toBe('active');
  });

  it('of failed jobs is read from the new end, while the old ones are removed', async () => {
    const count = 30_000;
    await raw().addIds('failed', count);
    let removed = 0;
    let added = count;
    const redis = interposed(used.redis, async (command, [key]) => {
      if (command !== 'ZRANGE' || key !== raw().key('failed')) return;
      await used.redis.zpopmin(raw().key('failed'), 100);
      removed += 100;
      await used.redis.zadd(raw().key('failed'), ++added, String(added));
    });
    const listed = await listQueueIds(redis, QUEUE);
    for (let id = removed + 1; id <= count; id++) expect(listed.get(String(id))).toBe('failed');
  });

  it.each([9_999, 10_000, 10_001, 20_000])('of %i jobs has each once', async (count) => {
    await raw().addIds('wait', count);
    expect((await listQueueIds(used.redis, QUEUE)).size).toBe(count);
    await used.redis.flushall();
    await raw().addIds('completed', count);
    expect((await listQueueIds(used.redis, QUEUE)).size).toBe(count);
  });
});

it('of a queue that does not exist there are no jobs', async () => {
  expect(await listQueueIds(used.redis, QUEUE)).toEqual(new Map());
});

it.each(['wait', 'failed', 'meta', 'events'])(
  'a key %s of a wrong type is named',
  async (suffix) => {
    await used.redis.set(raw().key(suffix), 'x');
    await expect(listQueueIds(used.redis, QUEUE)).rejects.toMatchObject({
      ...{
        code: 'damaged',
        message: `the key bull:ai-job:${suffix} is not what BullMQ keeps there`,
      },
    });
  },
);
