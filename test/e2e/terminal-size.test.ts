import { type AddressInfo, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { terminateOnTerminal } from '../helpers/pseudo-terminal.js';
import { startRedisServer } from '../helpers/redis-server.js';

/** Takes connections and says nothing: the program waits, and shows that it does. */
const server = createServer(() => undefined);
let env: Record<string, string>;
let words: string[];

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  env = {
    ...{ MINIO_ENDPOINT: `http://127.0.0.1:${port}`, MINIO_ACCESS_KEY: 'key' },
    MINIO_SECRET_KEY: 'not-a-secret',
  };
  words = ['backup', 'full', temporaryFolder().folder];
});

afterAll(() => server.close());

/** What an animation of a second writes, many times over. */
const MOST_CHARACTERS = 10_000;

describe('a terminal without a size', () => {
  it.each([
    [0, 0],
    [0, 24],
    [80, 0],
  ] as const)(
    'of %d columns and %d rows has no animation, and ends at SIGTERM',
    async (...size) => {
      const seen = 'connecting to the object store …';
      const { exitCode, output } = await terminateOnTerminal(words, { env, size, seen });
      expect(exitCode).toBe(143);
      expect(output).toContain(seen);
      expect(output).not.toContain('\u001b');
      expect(output.length).toBeLessThan(MOST_CHARACTERS);
    },
  );

  it.each([
    [0, 0],
    [80, 0],
  ] as const)('of %d columns and %d rows is no screen for jobs watch', async (...size) => {
    const redis = await startRedisServer();
    const { exitCode, output } = await terminateOnTerminal(['jobs', 'watch', '--interval', '1s'], {
      ...{ env: { REDIS_URL: redis.url }, size, seen: 'pid' },
    });
    expect(exitCode).toBe(143);
    expect(output).not.toContain('\u001b');
    expect(output.length).toBeLessThan(MOST_CHARACTERS);
    await redis.stop();
  });

  it('of no size shows the changes of jobs watch in lines', async () => {
    const redis = await startRedisServer();
    const client = new Redis(redis.url);
    await client.hset('bull:ai-job:1', { name: 'video', timestamp: '1', data: '{}' });
    await client.lpush('bull:ai-job:wait', '1');
    client.disconnect();
    const { exitCode, output } = await terminateOnTerminal(['jobs', 'watch'], {
      ...{ env: { REDIS_URL: redis.url }, size: [0, 0], seen: '"initial"' },
    });
    expect(exitCode).toBe(143);
    expect(output).toMatch(/\{"event":"initial".*"id":"1"/);
    await redis.stop();
  });

  it('that jobs watch had before is no longer drawn on', async () => {
    const redis = await startRedisServer();
    const { exitCode, output } = await terminateOnTerminal(['jobs', 'watch', '--interval', '1s'], {
      ...{ env: { REDIS_URL: redis.url }, size: [80, 24], laterSize: [0, 0], seen: 'no jobs' },
    });
    expect(exitCode).toBe(143);
    expect(output.length).toBeLessThan(MOST_CHARACTERS);
    await redis.stop();
  });

  it('that had one before is no longer drawn on', async () => {
    const { exitCode, output } = await terminateOnTerminal(words, {
      env,
      size: [80, 24],
      laterSize: [0, 0],
      seen: 'connecting to the object store',
    });
    expect(exitCode).toBe(143);
    expect(output.length).toBeLessThan(MOST_CHARACTERS);
  });
});
