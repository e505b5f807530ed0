import { afterEach, describe, expect, it } from 'vitest';
import { contentsOf, redisLinesIn, useRedisBackups } from '../../helpers/redis-backups.js';
import { type RedisProxy, startRedisProxy } from '../../helpers/redis-proxy.js';

/** Texts that are changed while they are read, and members that no line of an archive holds. */

const world = useRedisBackups();
const MIB = 1024 * 1024;

let proxy: RedisProxy | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

/** Calls back at each request for a part of a text, before Redis gets it. */
async function atEachPart(work: (part: number) => Promise<unknown>): Promise<string> {
  let part = 0;
  proxy = await startRedisProxy(world.url, {
    onRequest: (text) => (text.includes('\r\nGETRANGE\r\n') ? work(++part) : undefined),
  });
  return proxy.url;
}

describe('a text that is read in pieces', () => {
  // As long as before, so that its length says nothing.
  const rewrite = (letter: string) => world.redis.set('billing:text', letter.repeat(3 * MIB));

  it.each([2, 6])('is read anew when it is changed at part %i, and is no mixture', async (at) => {
    const { redis } = world;
    await rewrite('a');
    const url = await atEachPart((part) => (part === at ? rewrite('b') : Promise.resolve()));
    const { exitCode, answer, path } = await world.backUp({ url });
    expect(exitCode).toBe(0);
    expect(answer.redis).toMatchObject({ status: 'complete', keys: 1, in_pieces: 1 });
    const before = await contentsOf(redis);
    await redis.flushall();
    expect(await world.restore(path)).toMatchObject({ exitCode: 0, answer: { restored: 1 } });
    expect(await contentsOf(redis)).toEqual(before);
  });

  it('is named where it is changed each time, and the archive is sound', async () => {
    await rewrite('a');
    await world.redis.set('billing:other', 'x');
    const url = await atEachPart((part) => rewrite('abcdefgh'.charAt(part % 8)));
    const { exitCode, answer, path } = await world.backUp({ url });
    expect(exitCode).toBe(3);
    expect(answer.redis?.failures).toEqual([
      {
        key: 'billing:text',
        reason: expect.stringContaining('changed or replaced each') as string,
      },
    ]);
    expect(redisLinesIn(path).filter(({ key }) => key === 'billing:other')).toHaveLength(1);
    expect(await world.verify(path)).toMatchObject({ exitCode: 0, answer: { problems: [] } });
  });
});

it('a stream of one entry with many that are pending has no large member', async () => {
  const { redis } = world;
  const pipeline = redis.pipeline();
  for (let id = 1; id <= 60_000; id++) pipeline.xadd('billing:stream', `${id}-0`, 'f', 'x');
  pipeline.xgroup('CREATE', 'billing:stream', 'group', '0');
  pipeline.xreadgroup(
    'GROUP',
    'group',
    'consumer',
    'COUNT',
    60_000,
    'STREAMS',
    'billing:stream',
    '>',
  );
  pipeline.xtrim('billing:stream', 'MAXLEN', 1);
  await pipeline.exec();
  expect(await redis.call('MEMORY', 'USAGE', 'billing:stream')).toBeGreaterThan(18 * MIB);
  const { exitCode, answer } = await world.backUp();
  expect(answer.redis).toMatchObject({ status: 'complete', keys: 1, failures: [] });
  expect(exitCode).toBe(0);
});

describe('a member of 13 MiB', () => {
  const large = 'x'.repeat(13 * MIB);
  const small = Array.from({ length: 3000 }, (_none, at) => `member ${at}`);
  const FILLS: Readonly<Record<string, () => Promise<unknown>>> = {
    hash: () =>
      world.redis
        .pipeline()
        .hset('billing:key', Object.fromEntries(small.map((field) => [field, 'x'])))
        .hset('billing:key', 'the large one', large)
        .exec(),
    list: () =>
      world.redis
        .pipeline()
        .rpush('billing:key', ...small, large)
        .exec(),
    set: () =>
      world.redis
        .pipeline()
        .sadd('billing:key', ...small, large)
        .exec(),
    zset: () =>
      world.redis
        .pipeline()
        .zadd('billing:key', ...small.flatMap((one) => [0, one]), 1, large)
        .exec(),
    stream: () => world.redis.xadd('billing:key', '1-1', 'field', large),
    'list of one': () => world.redis.rpush('billing:key', large + large),
  };

  it.each(Object.keys(FILLS))(
    'of a %s is named, and everything else is in the backup',
    async (type) => {
      await FILLS[type]?.();
      await world.redis.set('billing:other', 'x');
      const whole: string[] = [];
      proxy = await startRedisProxy(world.url, {
        onRequest: (text) => {
          whole.push(...(text.match(/\b(HGETALL|HSCAN|SMEMBERS|ZRANGE|LRANGE)\b/gi) ?? []));
        },
      });
      const { exitCode, answer, path } = await world.backUp({ url: proxy.url });
      expect(exitCode).toBe(3);
      const reason = expect.stringContaining('more than 12.0 MiB is not captured') as string;
      expect(answer.redis?.failures).toEqual([{ key: 'billing:key', reason }]);
      expect(redisLinesIn(path).filter(({ key }) => key === 'billing:other')).toHaveLength(1);
      expect(await world.verify(path)).toMatchObject({ exitCode: 0, answer: { problems: [] } });
      // Redis tells beforehand of these, which are not read at all.
      if (type === 'hash' || type === 'list of one') expect(whole).toEqual([]);
    },
  );
});
