import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { listing, noise, seed, snapshot, type Kept, type SeedObject } from '../helpers/seed.js';
import {
  contentOf,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

interface Report {
  buckets: Record<string, unknown>[];
  restored: { objects: number; bytes: number };
  error: { code: string; message: string; hint: string };
}

const OBJECTS: SeedObject[] = [
  { key: 'job-1/page-1.png', content: noise(3000, 'one') },
  { key: 'job-1/page-2.png', content: noise(2_000_000, 'two') },
  { key: 'job-10/page-1.png', content: noise(10, 'ten') },
  { key: 'job-2/page-1.png', content: noise(700, 'three') },
];

const store = testStore();
const { folder, remove } = temporaryFolder();
let first: string;
let second: string;
let backup: string;
let inFirst: Map<string, Kept>;

beforeAll(async () => {
  // In this order in the backup too.
  first = `a-${freshBucketName()}`;
  second = `b-${freshBucketName()}`;
  for (const bucket of [first, second]) await store.createBucket(bucket);
  await seed(store, first, OBJECTS);
  await seed(store, second, [{ key: 'only.txt', content: Buffer.from('in the second') }]);
  inFirst = await snapshot(store, first);
  backup = join(folder, (await backUp(store, folder, [first, second])).id);
});
afterAll(async () => {
  await removeBucket(store, first);
  await removeBucket(store, second);
  store.close();
  remove();
});

describe('restore into another bucket', () => {
  let target: string;
  beforeEach(() => {
    target = freshBucketName();
    return async () => {
      if (await store.bucketExists(target)) await removeBucket(store, target);
    };
  });
  const intoTarget = (...more: string[]) =>
    runJson<Report>(['restore', backup, '--bucket', first, '--as', `${first}=${target}`, ...more]);

  it('--as creates the bucket and leaves the old one alone', async () => {
    const before = await listing(store, first);
    const { exitCode, answer } = await intoTarget();
    expect(exitCode).toBe(0);
    expect(answer.buckets).toMatchObject([{ bucket: first, target, create_bucket: true }]);
    expect(await snapshot(store, target)).toEqual(inFirst);
    expect(await listing(store, first)).toEqual(before);
  });

  it('--as with --dry-run creates no bucket', async () => {
    expect(await intoTarget('--dry-run')).toMatchObject({
      exitCode: 0,
      answer: { buckets: [{ target, create_bucket: true, create: OBJECTS.length }] },
    });
    expect(await store.bucketExists(target)).toBe(false);
  });

  it('DRY_RUN=true means --dry-run', async () => {
    const args = ['restore', backup, '--bucket', first, '--as', `${first}=${target}`];
    const outcome = await runJson<Report>(args, { env: { DRY_RUN: 'true' } });
    expect(outcome).toMatchObject({ exitCode: 0, answer: { dry_run: true } });
    expect(await store.bucketExists(target)).toBe(false);
  });

  it('--key restores that object alone, not those whose key begins with it', async () => {
    await seed(store, first, []);
    const { exitCode, answer } = await intoTarget('--key', 'job-1/page-1.png');
    expect({ exitCode, restored: answer.restored }).toEqual({
      exitCode: 0,
      restored: { objects: 1, bytes: 3000 },
    });
    expect([...(await snapshot(store, target))]).toEqual([
      ['job-1/page-1.png', inFirst.get('job-1/page-1.png')],
    ]);
  });

  it('--key and --prefix are given several times, and together', async () => {
    const selection = [
      '--key',
      'job-2/page-1.png',
      '--prefix',
      'job-10',
      '--key',
      'job-1/page-1.png',
    ];
    const { exitCode } = await intoTarget(...selection);
    expect(exitCode).toBe(0);
    const keys = ['job-1/page-1.png', 'job-10/page-1.png', 'job-2/page-1.png'];
    expect([...(await snapshot(store, target)).keys()]).toEqual(keys);
  });

  it('--prefix restores what begins with it', async () => {
    const { exitCode } = await intoTarget('--prefix', 'job-1');
    expect(exitCode).toBe(0);
    const keys = ['job-1/page-1.png', 'job-1/page-2.png', 'job-10/page-1.png'];
    expect([...(await snapshot(store, target)).keys()]).toEqual(keys);
  });

  it('a key or prefix that the backup does not have is status 4, and no bucket is made', async () => {
    for (const selection of [
      ['--key', 'job-1'],
      ['--prefix', 'job-3'],
    ]) {
      const { exitCode, answer } = await intoTarget(...selection);
      expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 4, code: 'not_found' });
      expect(answer.error.message).toContain(selection[1]);
      // A command that can be typed as it stands.
      if (selection[0] === '--key') expect(answer.error.hint).toContain(`ls ${backup}"`);
    }
    expect(await store.bucketExists(target)).toBe(false);
  });
});

describe('restore over other objects', () => {
  beforeEach(async () => {
    await store.putObject(first, 'job-1/page-1.png', contentOf('other'));
    await store.deleteObject(first, 'job-2/page-1.png');
    return () => seed(store, first, OBJECTS);
  });

  it('--on-conflict fail changes nothing and is status 8', async () => {
    const before = await listing(store, first);
    const { exitCode, answer } = await runJson<Report>([
      'restore',
      backup,
      '--bucket',
      first,
      '--on-conflict',
      'fail',
    ]);
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 8, code: 'refused' });
    expect(await listing(store, first)).toEqual(before);
  });

  it('restores the others where one of the new buckets cannot be made, and names that one', async () => {
    const target = freshBucketName();
    const proxy = await startFaultyProxy(store.endpoint, ({ method, path }) =>
      method === 'PUT' && path === `/${target}`
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    try {
      const args = ['restore', backup, '--as', `${second}=${target}`];
      const { exitCode, answer } = await runJson<Report & { failures: object[] }>(args, {
        endpoint: proxy.endpoint,
      });
      expect(exitCode).toBe(3);
      const named = { bucket: target, key: '', operation: 'CreateBucket', status: 403 };
      expect(answer.failures).toMatchObject([named]);
      expect(await snapshot(store, first)).toEqual(inFirst);
    } finally {
      await proxy.close();
    }
  });

  it.each(['ab', 'a/b', '..', 'x'.repeat(64), 'ends-in-'])(
    '--as does not take %j as the name of a bucket: status 2',
    async (name) => {
      const { exitCode, stderr } = await run(['restore', backup, '--as', `${first}=${name}`]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('--as must end in the name of a bucket');
    },
  );

  it('--on-conflict fail with --dry-run tells of the conflict', async () => {
    const { exitCode, answer } = await runJson<Report & { problems: string[] }>([
      'restore',
      backup,
      '--bucket',
      first,
      '--on-conflict',
      'fail',
      '--dry-run',
    ]);
    expect(exitCode).toBe(0);
    expect(answer.buckets).toMatchObject([{ conflict: 1, create: 1, overwrite: 0, unchanged: 2 }]);
    expect(answer.problems).toHaveLength(1);
  });

  it('--on-conflict fail restores where objects are only missing', async () => {
    await seed(store, first, OBJECTS.slice(0, 1));
    const { exitCode } = await run(['restore', backup, '--bucket', first, '--on-conflict', 'fail']);
    expect(exitCode).toBe(0);
    expect(await snapshot(store, first)).toEqual(inFirst);
  });

  it('--on-conflict skip brings back what is missing and leaves what differs', async () => {
    const { exitCode, answer } = await runJson<Report>([
      'restore',
      backup,
      '--bucket',
      first,
      '--on-conflict',
      'skip',
    ]);
    expect(exitCode).toBe(0);
    expect(answer.buckets).toMatchObject([{ skip: 1, create: 1, overwrite: 0 }]);
    expect(String(await readObject(store, first, 'job-1/page-1.png'))).toBe('other');
    const restored = await snapshot(store, first);
    expect(restored.get('job-2/page-1.png')).toEqual(inFirst.get('job-2/page-1.png'));
  });

  it('overwrites what differs, and nothing else, where nothing is said', async () => {
    const { exitCode, answer } = await runJson<Report>([
      'restore',
      backup,
      'data',
      '--bucket',
      first,
    ]);
    expect(exitCode).toBe(0);
    expect(answer.restored).toEqual({ objects: 2, bytes: 3700 });
    expect(await snapshot(store, first)).toEqual(inFirst);
  });
});

describe('restore with a selection that makes no sense', () => {
  it.each([
    ['a bucket that the backup does not have', () => ['--bucket', 'nosuch'], 4],
    ['a renaming of a bucket that the backup does not have', () => ['--as', 'nosuch=x-y-z'], 4],
    ['--as without =', () => ['--as', first], 2],
    ['two buckets into one', () => ['--as', `${first}=${second}`], 2],
    [
      'a key that is there and one that is not',
      () => ['--key', OBJECTS[0]?.key ?? '', '--key', 'nosuch'],
      4,
    ],
    ['--list without --dry-run', () => ['--list'], 2],
    ['an unknown way with conflicts', () => ['--on-conflict', 'maybe'], 2],
    ['an unknown scope', () => ['everything'], 2],
  ])('%s', async (_, selection, status) => {
    const before = [await listing(store, first), await listing(store, second)];
    const { exitCode, stdout, stderr } = await run(['restore', backup, ...selection()]);
    expect({ exitCode, stdout }).toEqual({ exitCode: status, stdout: '' });
    expect(stderr).toMatch(/^mangamotion: .+\n( {2}hint: .+\n)?$/);
    expect([await listing(store, first), await listing(store, second)]).toEqual(before);
  });
});
