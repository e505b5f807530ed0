import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { backUp, filesIn, temporaryFolder } from '../helpers/backups.js';
import { waitUntil } from '../helpers/child-processes.js';
import { runJson } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

/**
 * The server dies in the middle of a run and does not come back. The program waits for it for a
 * while, which takes most of the time of these tests; they do so side by side.
 */

const PATIENCE_MS = 180_000;
const OBJECTS = 120;

const store = testStore();
let bucket: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  const keys = Array.from({ length: OBJECTS }, (_, i) => `page-${i + 100}`);
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: noise(30_000, key) })),
  );
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

/** A proxy behind which the server is gone after so many requests for objects. */
async function startDyingServer(requestsForObjects: number): Promise<FaultyProxy> {
  let seen = 0;
  return await startFaultyProxy(store.endpoint, ({ path }) => {
    if (path.includes('/page-')) seen += 1;
    return seen > requestsForObjects ? { kind: 'refuse' } : undefined;
  });
}

interface Failure {
  error: { code: string; message: string };
}

describe.concurrent('a server that dies for good', () => {
  it(
    'ends a backup with status 6, and leaves only what the next run can use',
    { timeout: PATIENCE_MS },
    async () => {
      const { folder, remove } = temporaryFolder();
      const proxy = await startDyingServer(OBJECTS / 2);
      const args = ['backup', 'full', folder, '--bucket', bucket];
      const { exitCode, answer, stderr } = await runJson<Failure>(args, proxy);
      expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 6, code: 'unreachable' });
      expect(answer.error.message).toContain(proxy.endpoint);
      expect(answer.error.message).toContain('gave up after 12 attempts');
      expect(stderr).toContain('still trying');
      expect(stderr).toMatch(/captured so far stay in/);
      expect(await filesIn(folder)).toEqual([expect.stringMatching(/\.tar\.gz\.partial$/)]);
      await proxy.close();
      remove();
    },
  );

  it(
    'ends a restore with status 6, and leaves whole objects',
    { timeout: PATIENCE_MS },
    async () => {
      const { folder, remove } = temporaryFolder();
      const { id } = await backUp(store, folder, [bucket]);
      const target = freshBucketName();
      const proxy = await startDyingServer(OBJECTS / 2);
      const args = ['restore', join(folder, id), '--as', `${bucket}=${target}`];
      const { exitCode, answer } = await runJson<Failure>(args, proxy);
      expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 6, code: 'unreachable' });
      const original = await snapshot(store, bucket);
      const restored = await snapshot(store, target);
      expect(restored.size).toBeGreaterThan(0);
      expect(restored.size).toBeLessThan(OBJECTS);
      for (const [key, object] of restored) expect(object).toEqual(original.get(key));
      // The next one completes it.
      expect((await runJson(args)).exitCode).toBe(0);
      expect(await snapshot(store, target)).toEqual(original);
      await proxy.close();
      await removeBucket(store, target);
      remove();
    },
  );

  it('but comes back in time does not end a backup', { timeout: PATIENCE_MS }, async () => {
    const { folder, remove } = temporaryFolder();
    const proxy = await startDyingServer(OBJECTS / 2);
    const running = runJson<Summary>(['backup', 'full', folder, '--bucket', bucket], proxy);
    await waitUntil('the end of the server', [], () =>
      Promise.resolve(proxy.requests.length > OBJECTS),
    );
    proxy.setPlan(() => undefined);
    const { exitCode, answer } = await running;
    expect(exitCode).toBe(0);
    expect(answer.objects).toMatchObject({ captured: OBJECTS, failed: 0 });
    await proxy.close();
    remove();
  });
});
