import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { temporaryFolder } from '../helpers/backups.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.js';
import { startOwnS3Server, type S3Server } from '../helpers/s3-server.js';
import { addressOf, contentOf } from '../helpers/test-store.js';

/** The schedule in the examples against real servers, with folders of this test for its disks. */

const example = readFileSync(
  new URL('../../examples/mangamotion.crontab', import.meta.url),
  'utf8',
);
const { folder, remove } = temporaryFolder();

let server: S3Server;
let redis: RedisServer;
let store: ObjectStore;
let daemon: TestDaemon;

beforeAll(async () => {
  [server, redis] = await Promise.all([startOwnS3Server(), startRedisServer()]);
  const { endpoint, accessKey, secretKey } = server;
  store = openMinioStore({ ...addressOf(endpoint), accessKey, secretKey, region: 'us-east-1' });
  for (const bucket of ['pages', 'backup-bucket']) await store.createBucket(bucket);
  await store.putObject('pages', 'one.txt', contentOf('a page'));
  daemon = new TestDaemon(join(folder, 'daemon'), {
    ...{ MINIO_ENDPOINT: endpoint, MINIO_ACCESS_KEY: accessKey, MINIO_SECRET_KEY: secretKey },
    ...{ BACKUP_S3_ENDPOINT: endpoint, BACKUP_S3_ACCESS_KEY: accessKey },
    ...{ BACKUP_S3_SECRET_KEY: secretKey, REDIS_URL: redis.url },
  });
  for (const name of ['backup', 'cold-storage']) mkdirSync(join(folder, name));
  daemon.write(example.replaceAll('/mnt/', `${folder}/`));
}, 120_000);

afterAll(async () => {
  await daemon.kill();
  store.close();
  await Promise.all([server.stop(), redis.stop()]);
  remove();
});

describe('the schedule in the examples', () => {
  it('runs, all of it: what was never there fails, and what was backed up is found', async () => {
    await daemon.start();
    const statusOf = async (name: string) => {
      const { exitCode, stdout } = await daemon.run('run', name, '--json');
      return [name, exitCode, (JSON.parse(stdout) as { reason: string | null }).reason];
    };
    expect((await statusOf('fresh'))[1]).not.toBe(0);
    for (const name of 'daily hourly weekly monthly verify audit drill billing fresh'.split(' ')) {
      expect(await statusOf(name)).toEqual([name, 0, null]);
    }
    expect(await daemon.stop()).toBe(0);
    const { stdout, exitCode } = await daemon.run('status', '--json', '--max-age', '1h');
    expect(exitCode).toBe(0);
    const { entries } = JSON.parse(stdout) as { entries: { name: string; overdue: boolean }[] };
    expect(entries).toHaveLength(9);
    expect(entries.every(({ overdue }) => !overdue)).toBe(true);
  }, 120_000);
});
