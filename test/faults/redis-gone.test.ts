import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BillingRecords, dayFromToday, monthFromThis } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';
import { startRedisProxy, type RedisProxy } from '../helpers/redis-proxy.js';
import { expectRefusal } from '../helpers/redis-refusals.js';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.js';

const USERS = 5000;
/** More than connecting takes, much less than the answers about all users. */
const MID_SCAN_BYTES = 50_000;

const LISTS: readonly string[][] = [
  ['billing', 'all-users'],
  ['billing', 'all-users', '--csv'],
  ['billing', 'all-users', '--month', monthFromThis(0)],
  ['billing', 'audit'],
];

async function fill(redis: Redis): Promise<void> {
  const records = new BillingRecords(redis);
  const usage = { bytes_processed: 1000, compute_seconds: 1.5, job_count: 1 };
  await Promise.all(
    Array.from({ length: USERS }, async (_none, index) => {
      await records.tracked(`user-${index}`, { day: dayFromToday(0), job: `${index}`, usage });
    }),
  );
}

let server: RedisServer;
let proxy: RedisProxy | undefined;

beforeAll(async () => {
  server = await startRedisServer();
  const redis = new Redis(server.url);
  await fill(redis);
  redis.disconnect();
});
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});
afterAll(() => server.stop());

describe.each(LISTS.map((args) => ({ args, name: args.join(' ') })))('$name', ({ args }) => {
  it('ends in one error and no list where the connection is cut in the middle', async () => {
    let cuts = 0;
    proxy = await startRedisProxy(server.url, {
      onAnswer: (before) => {
        if (before < MID_SCAN_BYTES) return;
        cuts += 1;
        proxy?.cut();
      },
    });
    const { exitCode, stdout, stderr } = await run(args, { env: { REDIS_URL: proxy.url } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: '' });
    expect(stderr).toMatch(/^mangamotion: cannot reach Redis at [^\n]+\n {2}hint: [^\n]+\n$/);
    expect(cuts).toBeGreaterThan(0);
  });
});

describe('a Redis that is stopped in mid-scan', () => {
  it('leaves an error, as a document with --json', async () => {
    const doomed = await startRedisServer();
    const redis = new Redis(doomed.url);
    await fill(redis);
    redis.disconnect();
    proxy = await startRedisProxy(doomed.url, {
      onAnswer: async (before) => {
        if (before >= MID_SCAN_BYTES) await doomed.stop();
      },
    });
    const { exitCode, stdout, stderr } = await run(['billing', 'all-users', '--json'], {
      env: { REDIS_URL: proxy.url },
    });
    expect(exitCode).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'unreachable' } });
    expect(stderr).toContain(`cannot reach Redis at 127.0.0.1:${proxy.port}`);
    await expectRefusal(
      ['billing', 'all-users'],
      { REDIS_URL: doomed.url },
      {
        ...{ code: 'unreachable', says: 'ECONNREFUSED' },
      },
    );
  });
});

describe('a tracking call whose answer is lost', () => {
  it('is not sent twice, and with an event id can be repeated', async () => {
    const redis = new Redis(server.url);
    const args = ['billing', 'track', 'bytes', 'lost', '7', '1', '--event-id', 'e'];
    let tracked = 0;
    proxy = await startRedisProxy(server.url, {
      onRequest: (text) => {
        if (/\r\nEVAL\r\n/i.test(text)) tracked += 1;
      },
      onAnswer: () => {
        if (tracked > 0) proxy?.cut();
      },
    });
    // So that the call is one EVAL: a script that Redis knows is sent as EVALSHA.
    await redis.script('FLUSH');
    const lost = await run(args, { env: { REDIS_URL: proxy.url } });
    expect(lost.exitCode).toBe(6);
    expect(tracked).toBe(1);
    expect(await redis.hget('billing:user:lost', 'bytes_processed')).toBe('7');
    const again = await run([...args, '--json'], { env: { REDIS_URL: server.url } });
    expect(JSON.parse(again.stdout)).toMatchObject({ counted: false });
    expect(await redis.hget('billing:user:lost', 'bytes_processed')).toBe('7');
    redis.disconnect();
  });
});
