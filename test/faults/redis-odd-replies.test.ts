import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { BillingRecords, dayFromToday } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';
import { type AnsweringProxy, startAnsweringProxy } from '../helpers/redis-answers.js';
import { expectRefusal } from '../helpers/redis-refusals.js';
import { type RedisServer, startRedisServer } from '../helpers/redis-server.js';

/** What a proxy, or something that is no Redis, may answer in the place of Redis. */

let server: RedisServer;
let proxy: AnsweringProxy;
const { folder, remove } = temporaryFolder();

beforeAll(async () => {
  server = await startRedisServer();
  const redis = new Redis(server.url);
  const usage = { bytes_processed: 5 };
  await new BillingRecords(redis).tracked('alice', { day: dayFromToday(0), job: '4711', usage });
  await redis.hset('bull:ai-job:4712', { name: 'video', timestamp: '1', data: '{}' });
  await redis.lpush('bull:ai-job:wait', '4712');
  await redis.hset('bull:ai-job:meta', 'x', '1');
  redis.disconnect();
  proxy = await startAnsweringProxy(server.url, () => undefined);
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
  remove();
});

const ODD = ['+OK\r\n', ':7\r\n', '$-1\r\n', '*0\r\n', '*1\r\n:1\r\n'] as const;
/** The commands by what each of them cannot do without. */
const NEEDED: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['SCAN', ['billing', 'all-users'], ODD],
  ['SCAN', ['billing', 'audit'], ODD],
  ['SCAN', ['jobs', 'list'], ODD],
  ['HMGET', ['billing', 'all-users'], ODD],
  ['HMGET', ['billing', 'all-users', '--sort', 'none', '--top', '1'], ODD],
  ['HMGET', ['billing', 'summary', 'alice'], ODD],
  ['HMGET', ['billing', 'daily', 'alice'], ODD],
  ['HMGET', ['billing', 'audit'], ODD],
  ['HMGET', ['jobs', 'list'], ODD],
  ['TTL', ['billing', 'audit'], ['+OK\r\n', '$-1\r\n', '*0\r\n']],
  ['LRANGE', ['jobs', 'list'], ['+OK\r\n', ':7\r\n', '$-1\r\n', '*1\r\n:1\r\n']],
  ['ZRANGE', ['jobs', 'list'], ['+OK\r\n', ':7\r\n', '$-1\r\n', '*1\r\n:1\r\n']],
  ['LPOS', ['jobs', 'show', '4712'], ['+OK\r\n', '*0\r\n']],
  ['ZSCORE', ['jobs', 'show', '4712'], [':1\r\n', '*0\r\n']],
  ['HSTRLEN', ['jobs', 'list'], ['+OK\r\n', '$-1\r\n', '*0\r\n']],
  ['INFO', ['billing', 'all-users'], ['$16\r\nevicted_keys:abc\r\n']],
  ['EVALSHA', ['billing', 'track', 'bytes', 'alice', '1', '9'], [...ODD, ':0\r\n']],
];

describe.each(NEEDED)('a server that answers %s for %j', (name, args, answers) => {
  it.each(answers.map((answer) => [answer]))('with %j is not believed', async (answer) => {
    proxy.setAnswer(([command = '']) => (command.toUpperCase() === name ? answer : undefined));
    const where = { env: { REDIS_URL: proxy.url }, cwd: folder };
    const { exitCode, stdout, stderr } = await run([...args, '--json'], where);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 6 });
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: 'unreachable',
        message: expect.stringContaining(`answers ${name} with`) as string,
      },
    });
  });
});

describe('a server that refuses SCAN before it answers INFO', () => {
  it('is a refusal, not the end of the process', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    proxy.setAnswer(([command = '']) => {
      if (/^hello$/i.test(command)) return '-ERR unknown command\r\n';
      return /^scan$/i.test(command) ? '-NOPERM no permissions\r\n' : undefined;
    });
    await expectRefusal(
      ['billing', 'all-users'],
      { REDIS_URL: proxy.url },
      {
        ...{ code: 'access_denied', says: 'does not permit it' },
      },
    );
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});
