import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { BillingRecords, dayFromToday } from '../helpers/billing-records.js';
import { removeAtExit } from '../helpers/child-processes.js';
import { run, runJson } from '../helpers/cli.js';
import { REPORTS, WRITES, expectRefusal } from '../helpers/redis-refusals.js';
import { startRedisServer } from '../helpers/redis-server.js';

describe('a Redis that is loading its data', () => {
  it('is told from one that is empty', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mangamotion-rdb-'));
    const removeFolder = removeAtExit(folder);
    const first = await startRedisServer({ args: ['--dir', folder] });
    const redis = new Redis(first.url);
    await new BillingRecords(redis).foreign(10_000);
    await redis.save();
    redis.disconnect();
    await first.stop();
    // A hundredth of a second a key: it is loading until it is stopped.
    const slow = ['--key-load-delay', '10000', '--loading-process-events-interval-bytes', '1024'];
    const loading = await startRedisServer({ args: ['--dir', folder, ...slow] });
    for (const args of [...REPORTS, ...WRITES]) {
      await expectRefusal(
        args,
        { REDIS_URL: loading.url },
        {
          ...{ code: 'unreachable', says: 'is still loading its data' },
        },
      );
    }
    await loading.stop();
    removeFolder();
  });
});

describe('a replica', () => {
  it('is read, and takes no change', async () => {
    const master = await startRedisServer();
    const { hostname, port } = new URL(master.url);
    const replica = await startRedisServer({ args: ['--replicaof', `${hostname} ${port}`] });
    const { folder, remove } = temporaryFolder();
    const redis = new Redis(master.url);
    const usage = { bytes_processed: 5 };
    await new BillingRecords(redis).tracked('alice', { day: dayFromToday(0), job: '4711', usage });
    const copy = new Redis(replica.url);
    while ((await copy.dbsize()) < 3) await new Promise((resolve) => setTimeout(resolve, 50));
    const env = { REDIS_URL: replica.url };
    for (const args of REPORTS) expect((await run(args, { env })).exitCode).toBe(0);
    for (const args of WRITES) {
      await expectRefusal(args, env, { code: 'unreachable', says: 'takes no writes' }, folder);
    }
    expect(readdirSync(folder), 'nothing was removed: no export stays').toEqual([]);
    expect(await redis.hgetall('billing:user:alice')).toEqual({ bytes_processed: '5' });
    // Without its master, and told not to serve what may be old.
    await copy.config('SET', 'replica-serve-stale-data', 'no');
    redis.disconnect();
    await master.stop();
    while (!(await copy.info('replication')).includes('master_link_status:down')) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await expectRefusal(['billing', 'all-users'], env, {
      ...{ code: 'unreachable', says: 'a replica that has lost its master' },
    });
    copy.disconnect();
    await replica.stop();
    remove();
  });
});

describe('a Redis without memory', () => {
  it('is read, and takes no tracking', async () => {
    const full = await startRedisServer({
      args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'],
    });
    const env = { REDIS_URL: full.url };
    const [track = []] = WRITES;
    await expectRefusal(track, env, { code: 'unreachable', says: 'has no memory left' });
    expect((await runJson(['billing', 'all-users'], { env })).exitCode).toBe(0);
    await full.stop();
  });
});
