import { execa } from 'execa';
import { Redis } from 'ioredis';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { createBilling } from '../../src/billing/billing.js';
import { temporaryFolder } from '../helpers/backups.js';
import { type RedisServer, startRedisServer } from '../helpers/redis-server.js';
import { startOwnS3Server, type S3Server } from '../helpers/s3-server.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  inParallel,
  removeBucket,
  testStore,
  testStoreOptions,
} from '../helpers/test-store.js';

/** The commands of the manual's page on recovery, as they stand there, on a store of their own. */

const program = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));
const page = readFileSync(new URL('../../src/manual/recovery.md', import.meta.url), 'utf8');

function commandsFor(name: string): string {
  const marked = new RegExp(`<!-- recovery: ${name} -->\\s*\`\`\`sh\\n([^]*?)\`\`\``).exec(page);
  if (marked?.[1] === undefined) throw new Error(`the page has no recovery of ${name}`);
  return marked[1];
}

const offsite = testStore();
const { folder, remove } = temporaryFolder();
let server: S3Server;
let store: ObjectStore;
let redisServer: RedisServer;
let redis: Redis;
let offsiteBucket: string;
let before: Record<string, unknown>;

beforeAll(async () => {
  server = await startOwnS3Server();
  const { endpoint, accessKey, secretKey } = server;
  store = openMinioStore({ ...addressOf(endpoint), accessKey, secretKey });
  offsiteBucket = await freshBucket(offsite);
  for (const bucket of ['originals', 'processed']) await store.createBucket(bucket);
  const pages = Array.from({ length: 40 }, (_, i) => `${4700 + i}/page.png`);
  const attributes = { headers: { 'content-type': 'image/png' }, metadata: { title: '少年' } };
  await seed(
    store,
    'originals',
    pages.map((key) => ({ key, content: noise(9000, key), attributes })),
  );
  await seed(
    store,
    'processed',
    pages.map((key) => {
      const result = key.replace('page.png', 'result.zip');
      return { key: result, content: noise(20_000, result) };
    }),
  );
  mkdirSync(join(folder, 'backups', 'minio'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  const shim = join(folder, 'bin', 'mangamotion');
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(shim, 0o755);
  before = await contentsOf();
  redisServer = await startRedisServer();
  redis = new Redis(redisServer.url);
  const billing = createBilling({ redis });
  for (const user of ['alice', 'bob']) {
    await billing.trackBytesProcessed(user, 1_000_003, `job-of-${user}`);
    await billing.trackJobCompletion(user, `job-of-${user}`, 'completed');
  }
  await shell('mangamotion backup full /var/backups/minio --redis');
  await shell('mangamotion backup full s3://offsite/minio');
}, 120_000);
afterAll(async () => {
  redis.disconnect();
  await redisServer.stop();
  store.close();
  await server.stop();
  await removeBucket(offsite, offsiteBucket);
  offsite.close();
  remove();
});

async function contentsOf(): Promise<Record<string, unknown>> {
  const buckets = (await store.listBuckets()).map(({ name }) => name);
  const contents: Record<string, unknown> = {};
  for (const bucket of buckets)
    contents[bucket] = Object.fromEntries(await snapshot(store, bucket));
  return contents;
}

/** Runs commands as a reader would, but for the names of the folder and of the bucket. */
async function shell(commands: string): Promise<string> {
  const here = commands
    .replaceAll('/var/backups', join(folder, 'backups'))
    .replaceAll('s3://offsite/', `s3://${offsiteBucket}/`);
  const remote = testStoreOptions();
  const { stdout } = await execa('bash', ['-euo', 'pipefail', '-c', here], {
    env: {
      PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`,
      REDIS_URL: redisServer.url,
      MINIO_ENDPOINT: server.endpoint,
      MINIO_ACCESS_KEY: server.accessKey,
      MINIO_SECRET_KEY: server.secretKey,
      BACKUP_S3_ENDPOINT: `http://${remote.endpoint}:${remote.port}`,
      BACKUP_S3_ACCESS_KEY: remote.accessKey,
      BACKUP_S3_SECRET_KEY: remote.secretKey,
    },
  });
  return stdout;
}

async function empty(bucket: string): Promise<void> {
  for await (const page of store.listObjects(bucket)) {
    await inParallel(16, page, ({ key }) => store.deleteObject(bucket, key));
  }
}

it('every recovery of the page with commands that restore is run here', () => {
  const restores = page.split(/^## /m).filter((section) => /^mangamotion restore /m.test(section));
  for (const section of restores) expect(section).toContain('<!-- recovery: ');
});

describe('the recovery of the manual', { timeout: 120_000 }, () => {
  it('of one object brings it back, and touches nothing else', async () => {
    await store.putObject('processed', '4711/result.zip', contentOf('rubbish'));
    await store.putObject('processed', '4712/result.zip', contentOf('newer than the backup'));
    expect(await shell(commandsFor('object'))).toContain('✓ restored 1 object');
    const now = await snapshot(store, 'processed');
    const was = before.processed as Record<string, unknown>;
    expect(now.get('4711/result.zip')).toEqual(was['4711/result.zip']);
    expect(now.get('4712/result.zip')).not.toEqual(was['4712/result.zip']);
  });

  it('of a bucket keeps what was there aside, and brings back all that was in it, and no more', async () => {
    await inParallel(8, ['4700', '4701', '4702'], (job) =>
      store.putObject('originals', `${job}/page.png`, contentOf('encrypted, pay us')),
    );
    await store.putObject('originals', 'RANSOM.txt', contentOf('pay us'));
    await shell(commandsFor('bucket'));
    expect(Object.fromEntries(await snapshot(store, 'originals'))).toEqual(before.originals);
    const kept = await shell('mangamotion backup ls /var/backups/forensic --latest');
    expect(kept).toContain('RANSOM.txt');
  });

  it('of the whole store fills an empty one', async () => {
    for (const bucket of ['originals', 'processed']) await removeBucket(store, bucket);
    await shell(commandsFor('store'));
    expect(await contentsOf()).toEqual(before);
  });

  it('of Redis brings the meters back', async () => {
    const meters = async () => {
      const keys = (await redis.keys('billing:user:*')).sort();
      return await Promise.all(keys.map(async (key) => [key, await redis.hgetall(key)]));
    };
    const was = await meters();
    await redis.flushall();
    await shell(commandsFor('redis'));
    expect(was.length).toBeGreaterThanOrEqual(2);
    expect(await meters()).toEqual(was);
  });

  it('of a lost data centre fills a new store from the copy offsite', async () => {
    await removeBucket(store, 'originals');
    await empty('processed');
    await shell(commandsFor('offsite'));
    expect(await contentsOf()).toEqual(before);
  });
});
