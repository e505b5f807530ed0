import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import type { QueueAddress } from '../../../src/jobs/queue/layout.js';
import { PLACES } from '../../../src/jobs/queue/layout.js';
import {
  type DataCache,
  findQueueJob,
  forgetOthers,
  idsOfUser,
  listQueueIds,
  listQueueNames,
  queueExists,
  readCreations,
  readQueueRows,
} from '../../../src/jobs/queue/reader.js';
import { withTranslatedErrors, type RedisReader } from '../../../src/redis/reader.js';
import { RawQueue, interposed } from '../../helpers/raw-queue.js';
import { useRedis } from '../../helpers/use-redis.js';

const QUEUE = { prefix: 'bull', name: 'ai-job' };
const { signal } = new AbortController();
const onData = (id: string, wasRead: boolean) =>
  expect({ id, wasRead }).toEqual({ id, wasRead: true });
const row = { signal };

const used = useRedis();
const raw = (address: QueueAddress = QUEUE) => new RawQueue(used.redis, address);

async function collect<Item>(pages: AsyncIterable<Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

async function jobsOfUser(redis: RedisReader, userId: string, queue = QUEUE): Promise<string[]> {
  const wanted = await listQueueIds(redis, queue);
  const ids = await collect(idsOfUser(redis, queue, wanted, { userId, signal, onData }));
  const jobs = await collect(readQueueRows(redis, queue, ids, row));
  expect(jobs.every((job) => job.userId === userId)).toBe(true);
  return jobs.map(({ id }) => id).sort();
}

const ODD_IDS = [
  ...[
    'a:b',
    ':',
    '*',
    '?[a-z]^',
    String.raw`\*`,
    '->data',
    '漫 🎌',
    ' ',
    '\r\n',
    '\0',
    '0:x',
    '00',
  ],
  ...['__proto__', 'constructor', 'x'.repeat(10_000), 'job:lock'],
];

describe('an odd id', () => {
  it.each(ODD_IDS)('%j is the id of a job like any other', async (id) => {
    await raw().addJob(id, 'wait', { data: '{"user_id":"alice"}' });
    await raw().addJob('other', 'failed');
    const listed = await listQueueIds(used.redis, QUEUE);
    expect([...listed]).toEqual([
      [id, 'waiting'],
      ['other', 'failed'],
    ]);
    const [job] = await collect(readQueueRows(used.redis, QUEUE, listed, row));
    expect(job).toMatchObject({ id, state: 'waiting', userId: 'alice' });
    expect(await findQueueJob(used.redis, QUEUE, id)).toMatchObject({ id, userId: 'alice' });
    expect(await jobsOfUser(used.redis, 'alice')).toEqual([id]);
  });

  it.each(['meta', 'events', 'wait', 'id', '', 'nothing', '0', '0:0', '0:1764000000000'])(
    '%j that names another key is the id of no job',
    async (id) => {
      await raw().addJob('1', 'wait');
      await used.redis.lpush(raw().key('wait'), '0:0', '0:1764000000000', '0');
      await used.redis.hset(raw().key('meta'), 'opts.maxLenEvents', 10_000);
      await used.redis.set(raw().key('id'), 1);
      expect(await findQueueJob(used.redis, QUEUE, id)).toBeUndefined();
      expect([...(await listQueueIds(used.redis, QUEUE)).keys()]).toEqual(['1']);
    },
  );
});

describe('a job that is not as it should be', () => {
  it('and has a key of a wrong type is told', async () => {
    await used.redis.set(raw().key('bad'), 'x');
    await raw().moveJob('bad', 'wait');
    await raw().addJob('good', 'wait', { data: '{"user_id":"w"}' });
    const listed = await listQueueIds(used.redis, QUEUE);
    const jobs = await collect(readQueueRows(used.redis, QUEUE, listed, row));
    expect(jobs.map(({ id, problems }) => ({ id, problems }))).toEqual([
      { id: 'good', problems: [] },
      { id: 'bad', problems: ['its key holds no hash'] },
    ]);
    expect(await findQueueJob(used.redis, QUEUE, 'bad')).toEqual(jobs[1]);
    expect(await jobsOfUser(used.redis, 'w')).toEqual(['good']);
    expect(await jobsOfUser(await reader('+@read +@connection -sort_ro ~*'), 'w')).toEqual([
      'good',
    ]);
  });

  it('and is removed between the list and the read is left out', async () => {
    for (const id of ['1', '2', '3']) {
      await raw().addJob(id, 'failed', { data: '{"user_id":"u"}' });
    }
    const listed = await listQueueIds(used.redis, QUEUE);
    await used.redis.del(raw().key('2'));
    const jobs = await collect(readQueueRows(used.redis, QUEUE, listed, row));
    expect(jobs.map(({ id }) => id)).toEqual(['1', '3']);
    expect(await jobsOfUser(used.redis, 'u')).toEqual(['1', '3']);
    expect(await findQueueJob(used.redis, QUEUE, '2')).toBeUndefined();
  });

  it('and whose list is of a wrong type is told', async () => {
    await raw().addJob('1', 'failed');
    await used.redis.set(raw().key('wait'), 'x');
    await expect(findQueueJob(used.redis, QUEUE, '1')).rejects.toMatchObject({ code: 'damaged' });
  });
});

describe('the search for a job', () => {
  it('goes on for a moment while it is in no list', async () => {
    await raw().addJob('j', 'active');
    let looks = 0;
    const redis = interposed(used.redis, async (command, commands) => {
      if (command !== 'pipeline' || commands.length < PLACES.length) return;
      looks += 1;
      if (looks === 1) await used.redis.lrem(raw().key('active'), 0, 'j');
      if (looks === 3) await raw().moveJob('j', 'delayed');
    });
    expect(await findQueueJob(redis, QUEUE, 'j')).toMatchObject({ state: 'delayed' });
    expect(looks).toBe(3);
  });

  it('ends where a hash was left behind', async () => {
    await raw().addJob('j', 'active');
    await used.redis.lrem(raw().key('active'), 0, 'j');
    expect(await findQueueJob(used.redis, QUEUE, 'j')).toBeUndefined();
  });

  it('names the later of two lists', async () => {
    await raw().addJob('j', 'failed');
    await used.redis.lpush(raw().key('active'), 'j');
    expect(await findQueueJob(used.redis, QUEUE, 'j')).toMatchObject({ state: 'failed' });
  });
});

/** A connection of a user with these rights, as the program has it. */
async function reader(rights: string): Promise<RedisReader> {
  await used.redis.call('ACL', 'SETUSER', 'reader', 'reset', 'on', '>pw', ...rights.split(' '));
  const redis = new Redis(used.server.url.replace('redis://', 'redis://reader:pw@'), {
    ...{ lazyConnect: true, enableReadyCheck: false, disableClientInfo: true },
  });
  connections.push(redis);
  return withTranslatedErrors(redis, { text: 'here', setting: 'REDIS_URL' });
}

const connections: Redis[] = [];
afterEach(() => connections.splice(0).forEach((redis) => redis.disconnect()));

describe('a server that knows or permits less', () => {
  it.each([
    ['everything', '+@read +@connection ~*'],
    ['no SORT_RO and no LPOS', '+@read +@connection -sort_ro -lpos ~*'],
    ["the queue's keys alone", '+@read +@connection ~bull:*'],
  ])('is asked in another way: %s', async (_what, rights) => {
    const redis = await reader(rights);
    for (let n = 1; n <= 2500; n++) {
      const user = n % 1000 === 0 ? 'alice' : 'bob';
      await raw().addJob(String(n), n % 2 === 0 ? 'wait' : 'failed', {
        data: JSON.stringify({ user_id: user }),
      });
    }
    await raw().addJob('3000', 'active', { data: '{"user_id":"alice"}' });
    expect(await jobsOfUser(redis, 'alice')).toEqual(['1000', '2000', '3000']);
    expect(await jobsOfUser(redis, 'bob')).toHaveLength(2498);
    for (const [id, state] of [
      ...([
        ['1000', 'waiting'],
        ['1', 'failed'],
        ['3000', 'active'],
      ] as const),
    ]) {
      expect(await findQueueJob(redis, QUEUE, id)).toMatchObject({ id, state });
    }
    expect(await findQueueJob(redis, QUEUE, '4000')).toBeUndefined();
  });

  describe('as one of Redis 6', () => {
    const unknown = ['SORT_RO', 'LPOS'].flatMap((name) => ['--rename-command', name, '']);
    const old = useRedis({ args: unknown });

    it('is asked in another way', async () => {
      const queue = new RawQueue(old.redis, QUEUE);
      await expect(old.redis.call('LPOS', 'l', 'x')).rejects.toThrow('unknown command');
      await queue.addJob('1', 'wait', { data: '{"user_id":"alice"}' });
      await queue.addJob('2', 'wait', { data: '{"user_id":"bob"}' });
      const redis = withTranslatedErrors(old.redis, { text: 'here', setting: 'REDIS_URL' });
      expect(await jobsOfUser(redis, 'alice')).toEqual(['1']);
      expect(await findQueueJob(redis, QUEUE, '2')).toMatchObject({ state: 'waiting' });
      expect(await findQueueJob(redis, QUEUE, '3')).toBeUndefined();
    });
  });

  it('and refuses the queue is told of', async () => {
    const redis = await reader('+@read +@connection ~other:*');
    await raw().addJob('1', 'wait');
    const refused = { code: 'access_denied' };
    await expect(listQueueIds(redis, QUEUE)).rejects.toMatchObject(refused);
    await expect(findQueueJob(redis, QUEUE, '1')).rejects.toMatchObject(refused);
    const wanted = [['1', 'waiting']] as const;
    const pages = idsOfUser(redis, QUEUE, wanted, { userId: 'alice', signal, onData });
    await expect(collect(pages)).rejects.toMatchObject(refused);
  });
});

describe('the jobs of a user', () => {
  it('that have moved since they were listed are there', async () => {
    for (const id of ['1', '2', '3']) {
      await raw().addJob(id, 'wait', { data: '{"user_id":"u"}' });
    }
    const listed = await listQueueIds(used.redis, QUEUE);
    await raw().moveJob('2', 'active');
    await raw().moveJob('3', 'failed');
    const jobs = await collect(
      idsOfUser(used.redis, QUEUE, listed, { userId: 'u', signal, onData }),
    );
    expect(jobs.map(([id]) => id).sort()).toEqual(['1', '2', '3']);
  });

  it('are only those that are wanted', async () => {
    for (const id of ['1', '2', '3']) {
      await raw().addJob(id, 'wait', { data: '{"user_id":"u"}' });
    }
    const wanted = [['2', 'waiting']] as const;
    const jobs = await collect(
      idsOfUser(used.redis, QUEUE, wanted, { userId: 'u', signal, onData }),
    );
    expect(jobs).toEqual([['2', 'waiting']]);
  });

  it.each([
    { prefix: 'bu*ll', name: 'ai-job' },
    { prefix: 'bull', name: '*' },
    { prefix: 'bull', name: 'a->b' },
    { prefix: '{bull}', name: '[x]' },
  ])('are found in a queue called %j', async (address) => {
    await raw(address).addJob('1', 'wait', { data: '{"user_id":"u"}' });
    await raw(address).addJob('2', 'wait', { data: '{"user_id":"v"}' });
    expect(await jobsOfUser(used.redis, 'u', address)).toEqual(['1']);
    await used.redis.set(raw(address).key('id'), 2);
    expect(await listQueueNames(used.redis, address.prefix, signal)).toEqual([address.name]);
  });

  it.each([
    ['a number', '{"user_id":42}', '42'],
    ['a number in another spelling', '{"user_id":4.20e1}', '42'],
    ['a text of digits', '{"user_id":"42"}', '42'],
    ['userId', '{"userId":"u"}', 'u'],
    ['escaped', String.raw`{"user_id":"\u0075\u00e9\/"}`, 'ué/'],
    ['escaped, in its key too', String.raw`{"user\u005fid":"u"}`, 'u'],
    ['a quote', String.raw`{"user_id":"\"u\\"}`, String.raw`"u\ `.trim()],
  ])('are found where it is %s', async (_what, data, userId) => {
    await raw().addJob('1', 'wait', { data });
    await raw().addJob('2', 'wait', {
      data: `{"files":[${JSON.stringify(userId)}],"user_id":"z"}`,
    });
    expect(await jobsOfUser(used.redis, userId)).toEqual(['1']);
    // Many of a state are asked for by another command.
    const others = Array.from({ length: 300 }, (_none, n) => `other-${n}`);
    await used.redis.lpush(raw().key('wait'), ...others);
    expect(await jobsOfUser(used.redis, userId)).toEqual(['1']);
  });
});

describe('the data of jobs that are read again and again', () => {
  it('are read once, and again where they have changed or the job is another one', async () => {
    await raw().addJob('1', 'wait', { data: '{"user_id":"alice"}', timestamp: '1764000000000' });
    const cache: DataCache = new Map();
    let reads = 0;
    const redis = interposed(used.redis, (_command, commands) => {
      reads += (commands as unknown[][]).filter((one) => one[2] === 'data').length;
      return Promise.resolve();
    });
    const wanted = [['1', 'waiting']] as const;
    const userNow = async () => {
      const before = reads;
      const [job] = await collect(readQueueRows(redis, QUEUE, wanted, { signal, cache }));
      // One command asks for the length.
      return [job?.userId, reads - before - 1];
    };
    expect(await userNow()).toEqual(['alice', 1]);
    expect(await userNow()).toEqual(['alice', 0]);
    await used.redis.hset(raw().key('1'), 'data', '{"user_id":"bob"}');
    expect(await userNow()).toEqual(['bob', 1]);
    await used.redis.hset(raw().key('1'), { data: '{"user_id":"eve"}', timestamp: '17640' });
    expect(await userNow()).toEqual(['eve', 1]);
    forgetOthers(cache, QUEUE, new Map([['1', 'waiting']]));
    expect(cache.size).toBe(1);
    forgetOthers(cache, QUEUE, new Map());
    expect(cache.size).toBe(0);
  });
});

describe('the names of the queues', () => {
  it('are sorted, and only of the prefix', async () => {
    for (const key of ['bull:b:meta', 'bull:a:id', 'bull:a:meta', 'bull:c:wait', 'bill:x:meta']) {
      await used.redis.set(key, 1);
    }
    await used.redis.set('bull:a:identity', 1);
    await used.redis.set('bull:meta', 1);
    expect(await listQueueNames(used.redis, 'bull', signal)).toEqual(['a', 'b']);
    expect(await listQueueNames(used.redis, 'b*', signal)).toEqual([]);
  });

  it.each(['meta', 'id', 'wait', 'failed', 'waiting-children'])(
    'a queue with nothing but %s exists',
    async (suffix) => {
      expect(await queueExists(used.redis, QUEUE)).toBe(false);
      await used.redis.set(raw().key(suffix), 1);
      expect(await queueExists(used.redis, QUEUE)).toBe(true);
    },
  );
});

it('a signal ends the reading between two pages', async () => {
  await raw().addIds('wait', 3000);
  const wanted = await listQueueIds(used.redis, QUEUE);
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  const aborted = { signal: controller.signal };
  await expect(collect(readQueueRows(used.redis, QUEUE, wanted, aborted))).rejects.toThrow(
    'enough',
  );
  const ofUser = idsOfUser(used.redis, QUEUE, wanted, { userId: 'u', onData, ...aborted });
  await expect(collect(ofUser)).rejects.toThrow('enough');
  const created = readCreations(used.redis, QUEUE, wanted, controller.signal);
  await expect(collect(created)).rejects.toThrow('enough');
});
