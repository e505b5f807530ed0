import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DrillResult } from '../../../src/drill/result.js';
import { storeSettings } from '../../helpers/cli.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { runHere } from '../../helpers/in-process.js';
import { noise, seed } from '../../helpers/seed.js';
import { contentOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** Drills with the program itself, on the server of this run. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const backups = join(folder, 'backups');
const state = join(folder, 'state');
let originals: string;
let processed: string;
let offsite: string;
const env = { ...storeSettings(), ...backupStoreSettings() };

beforeAll(async () => {
  originals = await freshBucket(store);
  processed = await freshBucket(store);
  offsite = await freshBucket(store);
  const attributes = {
    headers: { 'content-type': 'image/png' },
    metadata: { title: '少年' },
    tags: [{ key: 'job', value: '1' }],
  };
  await seed(
    store,
    originals,
    Array.from({ length: 40 }, (_, i) => ({
      key: `${i}/page.png`,
      content: noise(9000, `${i}`),
      attributes,
    })),
  );
  await seed(store, processed, [
    { key: '/odd', content: noise(10, 'x') },
    { key: 'a', content: noise(5, 'y') },
  ]);
  mkdirSync(backups);
  const buckets = ['--bucket', originals, '--bucket', processed];
  for (const destination of [backups, `s3://${offsite}/minio`]) {
    const made = await runHere(['backup', 'full', destination, ...buckets], { env });
    expect(made.exitCode, made.stderr).toBe(0);
  }
}, 120_000);
afterEach(async () => {
  const left = (await store.listBuckets()).filter(({ name }) => name.startsWith('whole-'));
  expect(left).toEqual([]);
});
afterAll(async () => {
  for (const bucket of [originals, processed, offsite]) await removeBucket(store, bucket);
  store.close();
  remove();
});

async function drill(
  ...args: string[]
): Promise<{ exitCode: number | undefined; stderr: string; drills: DrillResult[] }> {
  const { exitCode, stdout, stderr } = await runHere(
    ['drill', ...args, '--state-dir', state, '--into', 'whole-', '--json'],
    { env },
  );
  const drills = stdout === '' ? [] : (JSON.parse(stdout) as { drills: DrillResult[] }).drills;
  return { exitCode, stderr, drills };
}

describe('a drill of what is whole', { timeout: 120_000 }, () => {
  it('of one object meets its objectives', async () => {
    const { exitCode, stderr, drills } = await drill('object', backups);
    expect(drills, stderr).toMatchObject([
      { scenario: 'object', verdict: 'met', objects: 1, missing_objects: 0, differences: [] },
    ]);
    expect(drills[0]?.steps.map(({ name }) => name)).toEqual([
      ...['choose', 'verify', 'plan', 'restore', 'prove'],
    ]);
    expect(exitCode).toBe(0);
  });

  it('of a bucket takes the heaviest, and counts what is newer in the store', async () => {
    await store.putObject(originals, 'new', contentOf('newer'));
    const { exitCode, drills, stderr } = await drill('bucket', backups);
    await store.deleteObject(originals, 'new');
    expect(drills, stderr).toMatchObject([
      { scenario: 'bucket', verdict: 'met', objects: 40, missing_objects: 1, missing_bytes: 5 },
    ]);
    expect(exitCode).toBe(0);
  });

  it('of the whole store needs a limit on the server that is in use', async () => {
    const without = await drill('store', backups);
    expect(without).toMatchObject({ exitCode: 3, drills: [{ verdict: 'not_proven' }] });
    expect(without.drills[0]?.reason).toContain('--max-bytes');
    const { exitCode, drills, stderr } = await drill('store', backups, '--max-bytes', '1G');
    expect(drills, stderr).toMatchObject([{ verdict: 'met', objects: 42 }]);
    expect(exitCode).toBe(0);
  });

  it('from the offsite copy', async () => {
    const { exitCode, drills, stderr } = await drill('offsite', `s3://${offsite}/minio`);
    expect(drills, stderr).toMatchObject([{ scenario: 'offsite', verdict: 'met', objects: 42 }]);
    expect(exitCode).toBe(0);
  });
});
