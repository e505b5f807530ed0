import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn, tarList, temporaryFolder } from '../helpers/backups.js';
import { runJson } from '../helpers/cli.js';
import { ODD_ATTRIBUTES, ODD_KEYS, seedOddKeys } from '../helpers/odd-keys.js';
import { listing, noise, seed, snapshot, type Kept, type SeedObject } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  inParallel,
  removeBucket,
  serverFlavour,
  testStore,
} from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const SIZES = [0, 1, 511, 512, 513, MIB - 1, MIB, MIB + 1, 4 * MIB, 9 * MIB];

interface Answer {
  id: string;
  status: string;
  objects: Record<string, number>;
  bytes: number;
  buckets: Record<string, unknown>[];
  restored: { objects: number; bytes: number };
  failures: unknown[];
  problems: string[];
}

describe('a backup of a bucket with all sorts of objects', () => {
  const store = testStore();
  const { folder, remove } = temporaryFolder();
  let bucket: string;
  let refused: string[];
  let original: Map<string, Kept>;
  let backup: string;

  beforeAll(async () => {
    bucket = await freshBucket(store);
    refused = await seedOddKeys(store, bucket);
    await seed(store, bucket, objectsOfAllSizes());
    original = await snapshot(store, bucket);
  });
  afterAll(async () => {
    await removeBucket(store, bucket);
    store.close();
    remove();
  });

  it('has objects under every key that the server allows', async () => {
    if ((await serverFlavour()) === 'rgw') expect(refused).toEqual([]);
    // MinIO keeps objects as files: what cannot be a file's name is refused, or never listed.
    expect(ODD_KEYS.length - refused.length).toBeGreaterThan(25);
    expect(original.size).toBe(ODD_KEYS.length - refused.length + SIZES.length + 2);
  });

  it('is complete, counts every object, and is what plain tar reads', async () => {
    const { exitCode, answer } = await runJson<Answer>([
      'backup',
      'full',
      folder,
      '--bucket',
      bucket,
    ]);
    expect(exitCode).toBe(0);
    const objects = await listing(store, bucket);
    expect(answer).toMatchObject({
      status: 'complete',
      objects: { total: objects.length, captured: objects.length, vanished: 0, failed: 0 },
      bytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      failures: [],
    });
    backup = join(folder, answer.id);
    expect(await filesIn(folder)).toEqual([`${answer.id}.json`, `${answer.id}.tar.gz`]);
    const names = await tarList(`${backup}.tar.gz`);
    expect(names).toContain(`${answer.id}/data/${bucket}/${sizedKey(512)}`);
    expect(names.filter((name) => name.includes('/data/'))).toHaveLength(objects.length);
  });

  it('lies in files that only their owner can read', async () => {
    for (const suffix of ['.json', '.tar.gz']) {
      expect((await stat(backup + suffix)).mode & 0o777).toBe(0o600);
    }
  });

  it('verifies', async () => {
    const { exitCode, answer } = await runJson<Answer>(['backup', 'verify', backup]);
    expect(answer).toMatchObject({ status: 'ok', objects: original.size, problems: [] });
    expect(exitCode).toBe(0);
  });

  it('restores nothing where nothing has changed', async () => {
    const before = await listing(store, bucket);
    const { exitCode, answer } = await runJson<Answer>(['restore', backup]);
    expect(answer.restored).toEqual({ objects: 0, bytes: 0 });
    expect(exitCode).toBe(0);
    expect(await listing(store, bucket)).toEqual(before);
  });

  it('--dry-run tells what was deleted and overwritten, and changes nothing', async () => {
    const keys = [...original.keys()];
    const deleted = keys.filter((_, i) => i % 3 === 0);
    const overwritten = keys.filter((_, i) => i % 3 === 1);
    await inParallel(16, deleted, (key) => store.deleteObject(bucket, key));
    await inParallel(16, overwritten, (key) =>
      store.putObject(bucket, key, contentOf(key.endsWith('/') ? '' : 'other')),
    );
    const emptyAsBefore = overwritten.filter(
      (key) => key.endsWith('/') && original.get(key)?.sha256 === contentOf('').sha256,
    ).length;
    await store.putObject(bucket, 'not in the backup', contentOf('stays'));

    const before = await listing(store, bucket);
    const { exitCode, answer } = await runJson<Answer>(['restore', backup, '--dry-run']);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      dry_run: true,
      buckets: [
        {
          bucket,
          target: bucket,
          create_bucket: false,
          create: deleted.length,
          overwrite: overwritten.length - emptyAsBefore,
          unchanged: keys.length - deleted.length - overwritten.length + emptyAsBefore,
          skip: 0,
          conflict: 0,
        },
      ],
    });
    // Nothing but that other servers may not take such keys.
    for (const problem of answer.problems) expect(problem).toMatch(/MinIO/);
    expect(await listing(store, bucket)).toEqual(before);
  });

  it('brings back every byte, header, tag and piece of metadata, and leaves the rest', async () => {
    const { exitCode, answer } = await runJson<Answer>(['restore', backup]);
    expect(answer.failures).toEqual([]);
    expect(exitCode).toBe(0);
    const restored = await snapshot(store, bucket);
    expect(restored.get('not in the backup')?.sha256).toBe(contentOf('stays').sha256);
    restored.delete('not in the backup');
    expect(restored).toEqual(original);
  });

  it('transfers nothing the second time', async () => {
    const { exitCode, answer } = await runJson<Answer>(['restore', backup]);
    expect(answer.restored).toEqual({ objects: 0, bytes: 0 });
    expect(answer.buckets).toMatchObject([{ create: 0, overwrite: 0, unchanged: original.size }]);
    expect(exitCode).toBe(0);
  });
});

describe('a backup of a bucket without objects', () => {
  it('comes back as a bucket without objects', async () => {
    const store = testStore();
    const { folder, remove } = temporaryFolder();
    const bucket = await freshBucket(store);
    const full = await runJson<Answer>(['backup', 'full', folder, '--bucket', bucket]);
    expect(full).toMatchObject({
      exitCode: 0,
      answer: { status: 'complete', objects: { total: 0 }, bytes: 0 },
    });
    const backup = join(folder, full.answer.id);
    expect(await runJson(['backup', 'verify', backup])).toMatchObject({
      exitCode: 0,
      answer: { status: 'ok', objects: 0 },
    });

    await store.deleteBucket(bucket);
    const plan = await runJson<Answer>(['restore', backup, '--dry-run']);
    expect(plan.answer.buckets).toMatchObject([{ bucket, create_bucket: true, create: 0 }]);
    expect(await store.bucketExists(bucket)).toBe(false);
    expect(await runJson(['restore', backup])).toMatchObject({ exitCode: 0 });
    expect(await listing(store, bucket)).toEqual([]);
    await store.deleteBucket(bucket);
    store.close();
    remove();
  });
});

function sizedKey(sizeBytes: number): string {
  return `sizes/${sizeBytes}.bin`;
}

function* objectsOfAllSizes(): Generator<SeedObject> {
  for (const size of SIZES) yield { key: sizedKey(size), content: noise(size, `size ${size}`) };
  yield { key: 'compresses.txt', content: Buffer.alloc(9 * MIB + 1, 'page after page\n') };
  yield {
    key: 'with attributes.png',
    content: noise(70_000, 'attributes'),
    attributes: ODD_ATTRIBUTES,
  };
}
