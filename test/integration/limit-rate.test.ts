import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rateLimits } from '../../src/object-store/rate-limit.js';
import type { Summary } from '../../src/repository/summary.js';
import { temporaryFolder } from '../helpers/backups.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { run, runJson, storeSettings } from '../helpers/cli.js';
import { startClosingProxy } from '../helpers/closing-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, readObject, removeBucket, testStore } from '../helpers/test-store.js';

/** A rate cannot be exceeded: that it takes at least so long is measured, and nothing else. */
const RATE = 3 * 1024 * 1024;
/** What is on its way, and let through before the limit is felt. */
const IN_FLIGHT = 1024 * 1024;
const SMALL = 500_000;
const LARGE = 9_000_000;

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let target: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  target = await freshBucket(store);
  await seed(store, bucket, [
    { key: 'small', content: noise(SMALL, 'small') },
    { key: 'large', content: noise(LARGE, 'large') },
  ]);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  await removeBucket(store, target);
  store.close();
  remove();
});

async function bounded(bytes: number, args: readonly string[], env: Record<string, string> = {}) {
  const began = performance.now();
  const { exitCode, answer, stderr } = await runJson<{ id: string }>(args, { env });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  const seconds = (performance.now() - began) / 1000;
  expect(bytes / seconds).toBeLessThan(RATE * (bytes / (bytes - IN_FLIGHT)));
  return answer;
}

describe('--limit-rate', () => {
  it('bounds what a backup reads, and what a restore writes', async () => {
    const bytes = SMALL + LARGE;
    const flags = ['--limit-rate', '3M'];
    const { id } = await bounded(bytes, ['backup', 'full', folder, '--bucket', bucket, ...flags]);
    const before = await snapshot(store, bucket);
    for (const key of before.keys()) await store.deleteObject(bucket, key);
    await bounded(bytes, ['restore', join(folder, id), ...flags]);
    expect(await snapshot(store, bucket)).toEqual(before);
  });

  it('bounds what goes to a destination and comes from it, from the environment too', async () => {
    const env = { ...backupStoreSettings(), BACKUP_LIMIT_RATE: '3M' };
    const place = `s3://${target}/backups`;
    const made = await bounded(SMALL + LARGE, ['backup', 'full', place, '--bucket', bucket], env);
    await bounded(SMALL + LARGE, ['backup', 'verify', `${place}/${made.id}`], env);
  });

  it('bounds an object that is read as a stream, as downloads do', async () => {
    const limited = testStore({ limits: rateLimits(RATE) });
    const began = performance.now();
    const content = await readObject(limited, bucket, 'large');
    const seconds = (performance.now() - began) / 1000;
    limited.close();
    expect(content.equals(noise(LARGE, 'large'))).toBe(true);
    expect(LARGE / seconds).toBeLessThan(RATE * (LARGE / (LARGE - IN_FLIGHT)));
  });

  it('outlasts a server that closes each connection after its answer, and large headers', async () => {
    const large = { 'x-amz-meta-large': 'x'.repeat(30_000) };
    const proxy = await startClosingProxy(storeSettings().MINIO_ENDPOINT ?? '', large);
    const env = { MINIO_ENDPOINT: proxy.endpoint };
    const many = await freshBucket(store);
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await seed(
      store,
      many,
      keys.map((key) => ({ key, content: noise(200_000, key) })),
    );
    const flags = ['--bucket', many, '--limit-rate', '60M', '--source-name', 'closing'];
    const made = await runJson<Summary>(['backup', 'full', folder, ...flags], { env });
    expect(made.answer).toMatchObject({ status: 'complete', objects: { captured: 40 } });
    const { answer } = await runJson(['backup', 'verify', join(folder, made.answer.id)]);
    expect(answer).toMatchObject({ status: 'ok', objects: 40 });
    await removeBucket(store, many);
    await proxy.close();
  });

  it.each(['0', '20', '20X', '1.M', 'fast'])('refuses %j', async (rate) => {
    const args = ['backup', 'full', folder, '--limit-rate', rate];
    const { exitCode, stderr } = await run(args, {});
    expect(exitCode).toBe(2);
    expect(stderr).toContain('BACKUP_LIMIT_RATE (--limit-rate): must be bytes per second');
  });

  it('refuses an empty one, which a script may give by mistake', async () => {
    const args = ['backup', 'full', folder, '--limit-rate', ''];
    const { exitCode, stderr } = await run(args, {});
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--limit-rate must not be empty');
  });
});
