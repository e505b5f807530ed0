import { Client } from 'minio';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp, contents, temporaryFolder } from '../helpers/backups.js';
import { runJson } from '../helpers/cli.js';
import { listing, noise, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  removeBucket,
  testStore,
  testStoreOptions,
} from '../helpers/test-store.js';

/**
 * Objects that were uploaded in parts: their ETag is not a digest of their content, so that neither a
 * backup nor a plan may take it for one.
 */

const MIB = 1024 * 1024;
const content = noise(11 * MIB, 'in parts');

interface Report {
  buckets: Record<string, unknown>[];
}

const store = testStore();
const { endpoint, port, useTls, accessKey, secretKey } = testStoreOptions();
const inParts = new Client({
  ...{ endPoint: endpoint, port, useSSL: useTls, accessKey, secretKey },
  partSize: 5 * MIB,
});
const { folder, remove } = temporaryFolder();
let bucket: string;
let backup: string;
let id: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  await inParts.putObject(bucket, 'in-parts', content, content.length, { 'x-amz-meta-panel': '7' });
  await store.putObject(bucket, 'whole', contentOf(content));
  id = (await backUp(store, folder, [bucket])).id;
  backup = join(folder, id);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

async function etags(): Promise<Record<string, string>> {
  const objects = await listing(store, bucket);
  return Object.fromEntries(objects.map(({ key, etag }) => [key, etag]));
}

async function plan(): Promise<Record<string, unknown> | undefined> {
  const { exitCode, answer } = await runJson<Report>(['restore', backup, '--dry-run']);
  expect(exitCode).toBe(0);
  return answer.buckets[0];
}

describe('an object that was uploaded in parts', () => {
  it('is backed up with its own ETag and its MD5 beside it', async () => {
    const lines = await contents(folder, id);
    const whole = lines.get('whole');
    expect(lines.get('in-parts')).toMatchObject({
      etag: (await etags())['in-parts'],
      md5: whole?.etag,
      sha256: whole?.sha256,
    });
    expect(lines.get('in-parts')?.etag).toMatch(/-\d+$/);
    expect(whole).not.toHaveProperty('md5');
  });

  it('is unchanged where it is still the same upload', async () => {
    expect(await plan()).toMatchObject({ unchanged: 2, overwrite: 0 });
  });

  it('comes back whole, and is known by its MD5 from then on', async () => {
    const before = await snapshot(store, bucket);
    await store.deleteObject(bucket, 'in-parts');
    expect(await plan()).toMatchObject({ unchanged: 1, create: 1 });
    expect((await runJson(['restore', backup])).exitCode).toBe(0);
    expect(await snapshot(store, bucket)).toEqual(before);
    expect((await etags())['in-parts']).not.toContain('-');
    expect(await plan()).toMatchObject({ unchanged: 2, create: 0, overwrite: 0 });
  });

  it('is read where only its content can tell whether it is what the backup has', async () => {
    await inParts.putObject(bucket, 'whole', content, content.length);
    expect((await etags()).whole).toMatch(/-\d+$/);
    expect(await plan()).toMatchObject({ unchanged: 2, overwrite: 0 });

    await inParts.putObject(bucket, 'whole', noise(content.length, 'another'), content.length);
    expect(await plan()).toMatchObject({ unchanged: 1, overwrite: 1, bytes: content.length });
    expect((await runJson(['restore', backup])).exitCode).toBe(0);
    expect((await store.headObject(bucket, 'whole')).etag).toBe(
      (await contents(folder, id)).get('whole')?.etag,
    );
  });
});
