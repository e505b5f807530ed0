import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/object-store/port.js';
import { NODES } from '../helpers/nodes.js';
import {
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/**
 * The built program from end to end, on each Node.js in TEST_NODES (see helpers/nodes.ts): this
 * is what CI runs on every version that the program supports.
 */

const program = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));

const env = {
  MINIO_ENDPOINT: process.env.TEST_S3_ENDPOINT,
  MINIO_ACCESS_KEY: process.env.TEST_S3_ACCESS_KEY,
  MINIO_SECRET_KEY: process.env.TEST_S3_SECRET_KEY,
};

describe.each(NODES)('the built program on %s', (node) => {
  const mangamotion = (...args: string[]) => execa(node, [program, ...args], { env });
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-smoke-'));
  let store: ObjectStore;
  let bucket: string;

  beforeAll(async () => {
    store = testStore();
    bucket = await freshBucket(store);
    await store.putObject(bucket, '4711/result.zip', contentOf(Buffer.alloc(70_000, 'zip')));
    await store.putObject(bucket, '4711/meta.json', contentOf('{"pages":3}'));
  });

  afterAll(async () => {
    await removeBucket(store, bucket);
    store.close();
    rmSync(folder, { recursive: true });
  });

  it('tells its version and its commands', async () => {
    const { stdout, stderr } = await mangamotion('--version');
    expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
    expect(stderr).toBe('');
    expect((await mangamotion('--help')).stdout).toContain('restore');
  });

  it('backs up, verifies and restores a bucket', async () => {
    await mangamotion('backup', 'full', folder, '--bucket', bucket);
    const name = readdirSync(folder).find((file) => file.endsWith('.tar.gz')) ?? '';
    const backup = join(folder, name);
    await mangamotion('backup', 'verify', backup);
    expect((await mangamotion('backup', 'ls', backup)).stdout).toContain('4711/result.zip');

    await store.deleteObject(bucket, '4711/meta.json');
    await mangamotion('restore', backup, '--dry-run');
    await mangamotion('restore', backup);
    expect((await readObject(store, bucket, '4711/meta.json')).toString()).toBe('{"pages":3}');
  });
});
