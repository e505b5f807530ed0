import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn, temporaryFolder } from '../helpers/backups.js';
import { runJson, storeSettings } from '../helpers/cli.js';
import { startOwnS3Server, type S3Server } from '../helpers/s3-server.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { addressOf, removeBucket, testStore } from '../helpers/test-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';

/** What concerns all buckets needs a server that nobody else uses. */

interface Answer {
  id: string;
  buckets: { name?: string; bucket?: string; create_bucket?: boolean }[];
  source: unknown;
  restored: { objects: number };
  error: { code: string; message: string };
}

describe('a server of its own', () => {
  const { folder, remove } = temporaryFolder();
  let server: S3Server;
  let store: ObjectStore;

  const withKeys = () => ({
    endpoint: server.endpoint,
    env: storeSettings({
      endpoint: server.endpoint,
      env: { MINIO_ACCESS_KEY: server.accessKey, MINIO_SECRET_KEY: server.secretKey },
    }),
  });
  const full = (...more: string[]) =>
    runJson<Answer>(['backup', 'full', folder, ...more], withKeys());

  beforeAll(async () => {
    server = await startOwnS3Server();
    store = testStore({
      ...addressOf(server.endpoint),
      accessKey: server.accessKey,
      secretKey: server.secretKey,
    });
  });
  afterAll(async () => {
    store.close();
    await server.stop();
    remove();
  });

  it('without any bucket has nothing to back up: status 4, and no file', async () => {
    const { exitCode, answer } = await full();
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 4, code: 'not_found' });
    expect(answer.error.message).toContain('no buckets: nothing to back up');
    expect(await filesIn(folder)).toEqual([]);
  });

  it('is backed up with all its buckets, empty ones too, and restored after all is lost', async () => {
    for (const name of ['originals', 'processed', 'a-temp', 'empty']) {
      await store.createBucket(name);
    }
    await seed(store, 'originals', [{ key: 'manga.pdf', content: noise(3_000_000, 'manga') }]);
    await seed(store, 'processed', [
      { key: '1/page.png', content: noise(5000, 'page') },
      { key: '1/thumbnail.png', content: noise(50, 'thumbnail') },
    ]);
    await seed(store, 'a-temp', [{ key: 'x', content: noise(5, 'x') }]);
    const backup = await full();
    expect(backup.exitCode).toBe(0);
    expect(backup.answer).toMatchObject({
      source: { endpoint: server.endpoint, buckets: null, excluded_buckets: [] },
      buckets: [
        { name: 'a-temp', objects: 1, bytes: 5 },
        { name: 'empty', objects: 0, bytes: 0 },
        { name: 'originals', objects: 1, bytes: 3_000_000 },
        { name: 'processed', objects: 2, bytes: 5050 },
      ],
    });

    const names = ['a-temp', 'empty', 'originals', 'processed'];
    const before = await Promise.all(names.map((name) => snapshot(store, name)));
    for (const name of names) await removeBucket(store, name);
    const restored = await runJson<Answer>(['restore', join(folder, backup.answer.id)], withKeys());
    expect(restored.exitCode).toBe(0);
    expect(restored.answer.restored.objects).toBe(4);
    expect((await store.listBuckets()).map(({ name }) => name)).toEqual(names);
    expect(await Promise.all(names.map((name) => snapshot(store, name)))).toEqual(before);
  });

  it('--exclude-bucket leaves a bucket out, and says so in the summary', async () => {
    const { exitCode, answer } = await full('--exclude-bucket', 'a-temp');
    expect(exitCode).toBe(0);
    expect(answer.buckets.map(({ name }) => name)).toEqual(['empty', 'originals', 'processed']);
    expect(answer.source).toMatchObject({ buckets: null, excluded_buckets: ['a-temp'] });
  });

  it('with every bucket excluded has nothing to back up: status 4', async () => {
    const names = ['a-temp', 'empty', 'originals', 'processed'];
    const { exitCode, answer } = await full(...names.flatMap((name) => ['--exclude-bucket', name]));
    expect({ exitCode, message: answer.error.message }).toEqual({
      exitCode: 4,
      message: 'every bucket is excluded, or is the destination itself: nothing to back up',
    });
  });
});
