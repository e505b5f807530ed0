import { mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { Differences } from '../../../src/drill/differences.js';
import { compareReports } from '../../../src/drill/redis/prove-redis.js';
import type { DrillResult } from '../../../src/drill/result.js';
import { locateBackup } from '../../../src/repository/locate.js';
import { openCommitted } from '../../../src/repository/open-backup.js';
import { storeSettings } from '../../helpers/cli.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { runHere } from '../../helpers/in-process.js';
import { type RedisServer, startRedisServer } from '../../helpers/redis-server.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** The meters come back into another Redis, to the last digit, and go on counting. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const backups = join(folder, 'backups');
const without = join(folder, 'without');
let bucket: string;
let server: RedisServer;
let other: RedisServer;
let redis: Redis;
let elsewhere: Redis;

beforeAll(async () => {
  [server, other] = [await startRedisServer(), await startRedisServer()];
  [redis, elsewhere] = [new Redis(server.url), new Redis(other.url)];
  bucket = await freshBucket(store);
  const billing = createBilling({ redis });
  for (let user = 0; user < 30; user++) {
    await billing.trackBytesProcessed(`user-${user}`, 1_000_003 * (user + 1), `job-${user}`);
    await billing.trackComputeSeconds(`user-${user}`, 1.000_001 * (user + 1), `job-${user}`);
    await billing.trackJobCompletion(`user-${user}`, `job-${user}`, 'completed');
  }
  for (const [destination, args] of [
    [backups, ['--redis']],
    [without, []],
  ] as const) {
    mkdirSync(destination);
    const made = await runHere(['backup', 'full', destination, '--bucket', bucket, ...args], {
      env: { ...storeSettings(), REDIS_URL: server.url },
    });
    expect(made.exitCode, made.stderr).toBe(0);
  }
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  elsewhere.disconnect();
  await server.stop();
  await other.stop();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

async function drill(destination: string, env: Record<string, string> = {}, ...more: string[]) {
  const args = ['drill', 'redis', destination, '--state-dir', join(folder, 'state'), '--json'];
  const { exitCode, stdout, stderr } = await runHere([...args, ...more], {
    env: { ...storeSettings(), REDIS_URL: server.url, ...env },
  });
  const [result] = (JSON.parse(stdout) as { drills: DrillResult[] }).drills;
  return { exitCode, stderr, result };
}

describe('drill redis', { timeout: 60_000 }, () => {
  it('restores into a server of its own, of which nothing is left', async () => {
    const { exitCode, result, stderr } = await drill(backups);
    expect(result, stderr).toMatchObject({ scenario: 'redis', verdict: 'met', differences: [] });
    expect(result?.objects).toBeGreaterThan(60);
    expect(exitCode).toBe(0);
    expect(readdirSync(tmpdir()).filter((name) => name.includes('drill-redis'))).toEqual([]);
  });

  it('restores into an empty one that it is given, and empties it', async () => {
    const before = await redis.dbsize();
    const { result, stderr } = await drill(backups, { DRILL_REDIS_URL: other.url });
    expect(result, stderr).toMatchObject({ verdict: 'met' });
    expect(await elsewhere.dbsize()).toBe(0);
    expect(await redis.dbsize()).toBe(before);
  });

  it('leaves alone one that holds keys of somebody else', async () => {
    const before = await redis.dbsize();
    const { exitCode, result } = await drill(backups, { DRILL_REDIS_URL: server.url });
    expect(result).toMatchObject({ verdict: 'missed' });
    expect(result?.reason).toContain('no drill has put there');
    expect(exitCode).toBe(5);
    expect(await redis.dbsize()).toBe(before);
  });

  it('clears what a dead drill left there, and waits for none that lives', async () => {
    await elsewhere.mset('mangamotion-drill:owned', 'x', 'billing:user:left', 'x');
    await elsewhere.set('mangamotion-drill:lease', 'x', 'PX', 100_000);
    const meanwhile = await drill(backups, { DRILL_REDIS_URL: other.url });
    expect(meanwhile.result?.reason).toContain('another drill uses');
    expect(await elsewhere.dbsize()).toBe(3);
    await elsewhere.del('mangamotion-drill:lease');
    const { result, stderr } = await drill(backups, { DRILL_REDIS_URL: other.url });
    expect(result, stderr).toMatchObject({ verdict: 'met' });
    expect(await elsewhere.dbsize()).toBe(0);
  });

  it('proves nothing with a backup that holds no keys', async () => {
    const { exitCode, result } = await drill(without);
    expect(result).toMatchObject({
      verdict: 'not_proven',
      reason: 'the backup holds no Redis data',
    });
    expect(exitCode).toBe(3);
  });

  it('names a user whose report has other figures than the backup', async () => {
    const id = readdirSync(backups)
      .find((name) => name.endsWith('.json'))!
      .replace('.json', '');
    const opened = await openCommitted(await locateBackup(join(backups, id)));
    const { signal } = new AbortController();
    try {
      const same = new Differences();
      await compareReports(redis, opened, same, signal);
      expect(same.named).toEqual([]);
      await redis.hincrby('billing:user:user-7', 'bytes_processed', 1);
      const found = new Differences();
      await compareReports(redis, opened, found, signal);
      expect(found.named).toMatchObject([
        { field: 'report', count: 1, keys: ['billing:user:user-7'] },
      ]);
    } finally {
      await redis.hincrby('billing:user:user-7', 'bytes_processed', -1);
      await opened.archives.close();
    }
  });

  it('fails where the test of the operator does', async () => {
    const { exitCode, result } = await drill(
      backups,
      { DRILL_REDIS_URL: other.url },
      ...['--check', 'echo "no such user" && exit 4'],
    );
    expect(result).toMatchObject({ verdict: 'missed', check: { exit_code: 4 } });
    expect(result?.reason).toContain('ended with exit status 4: no such user');
    expect(exitCode).toBe(5);
  });
});
