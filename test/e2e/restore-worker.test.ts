import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RestoreReport } from '../../src/restore/report.js';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { chunkedKeys } from '../helpers/chunked-keys.js';
import { storeSettings } from '../helpers/cli.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';
import { useRedis } from '../helpers/use-redis.js';
import { mangamotion } from './run.js';
import { startProgram } from './start.js';

const used = useRedis();
const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let target: string;
let keys: string[];

beforeAll(async () => {
  bucket = await freshBucket(store);
  target = freshBucketName();
  keys = chunkedKeys(bucket, ['a/', 'b/', 'c/', 'd/'], 12);
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: noise(200, key) })),
  );
  await backUp(store, folder, [bucket]);
});
afterAll(async () => {
  for (const name of [bucket, target])
    if (await store.bucketExists(name)) await removeBucket(store, name);
  store.close();
  remove();
});

it('workers restore shares that the head of a restore hands out', async () => {
  const env = { ...storeSettings(), REDIS_URL: used.server.url };
  const words = ['backup', 'worker', folder, '--restore', '--queue', 'restores'];
  const worker = startProgram(words, env);
  await worker.until((log) => log.includes('the worker listens'));
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const backup = join(folder, name.replace(/\.json$/, ''));
  const args = ['restore', backup, '--as', `${bucket}=${target}`, '--engine', 'bullmq'];
  const head = await mangamotion([...args, '--queue', 'restores', '--shards', '2', '--json'], {
    env,
  });
  expect(head.stderr).not.toContain('this host restores');
  expect(head.exitCode).toBe(0);
  const report = JSON.parse(head.stdout) as RestoreReport;
  expect(report).toMatchObject({
    restored: { objects: keys.length },
    proved: keys.length,
    failures: [],
  });
  expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
  const { exitCode, stdout } = await worker.end('SIGTERM');
  expect(stdout).toContain('"done":2');
  expect(exitCode).toBe(0);
});
