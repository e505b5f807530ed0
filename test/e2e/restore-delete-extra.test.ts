import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RestorePlan, RestoreReport } from '../../src/restore/report.js';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { listing, noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

const KEPT = ['job-1/a', 'job-1/b', 'job-2/a'];
const EXTRA = ['extra', 'job-1/c', 'job-2/b', 'z'];

const store = testStore();
const { folder, remove } = temporaryFolder();
let proxy: FaultyProxy;
let bucket: string;
let backup: string;

beforeAll(async () => {
  proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
  bucket = await freshBucket(store);
  await seed(
    store,
    bucket,
    KEPT.map((key) => ({ key, content: noise(100, key) })),
  );
  backup = join(folder, (await backUp(store, folder, [bucket])).id);
});
beforeEach(async () => {
  proxy.setPlan(() => undefined);
  await seed(
    store,
    bucket,
    EXTRA.map((key) => ({ key, content: noise(1, key) })),
  );
});
afterAll(async () => {
  await proxy.close();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const there = async () => (await listing(store, bucket)).map(({ key }) => key);
const all = () => [...KEPT, ...EXTRA].sort();

describe('restore --delete-extra', () => {
  it('is never implied', async () => {
    const { answer } = await runJson<RestoreReport>(['restore', backup]);
    expect(answer).toMatchObject({ deleted: 0, buckets: [{ delete: 0 }] });
    expect(await there()).toEqual(all());
  });

  it('shows what it would remove, and removes nothing, with --dry-run', async () => {
    const args = ['restore', backup, '--delete-extra', '--dry-run'];
    const { answer } = await runJson<RestorePlan>(args);
    expect(answer.buckets).toMatchObject([{ delete: 4, unchanged: 3 }]);
    expect(await there()).toEqual(all());
  });

  it('refuses to remove over a quarter of a bucket unasked, before the first write', async () => {
    await store.deleteObject(bucket, 'job-2/a');
    const before = await there();
    const { exitCode, answer } = await runJson<{ error: { code: string; message: string } }>([
      ...['restore', backup, '--delete-extra', '--no-input'],
    ]);
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 8, code: 'refused' });
    expect(answer.error.message).toContain(`4 of 6 objects of ${bucket}`);
    expect(await there()).toEqual(before);
    await seed(store, bucket, [{ key: 'job-2/a', content: noise(100, 'job-2/a') }]);
  });

  it('names in the plan what it would remove, with the sizes', async () => {
    const args = ['restore', backup, '--delete-extra', '--dry-run'];
    const { answer } = await runJson<RestorePlan>(args);
    const objects = EXTRA.map((key) => ({ key, size: 1 }));
    expect(answer.destroys).toEqual([{ bucket, action: 'delete', objects, omitted: 0 }]);
    const { stdout } = await run([...args, '--list']);
    for (const key of EXTRA) expect(stdout).toMatch(new RegExp(`delete.*${key}`));
  });

  it('removes what the backup does not have, and only that, after the uploads', async () => {
    await store.deleteObject(bucket, 'job-2/a');
    proxy.requests.length = 0;
    const args = ['restore', backup, '--delete-extra', '--yes'];
    const outcome = await runJson<RestoreReport>(args, { endpoint: proxy.endpoint });
    expect(outcome).toMatchObject({ exitCode: 0, answer: { deleted: 4, failures: [] } });
    expect(await there()).toEqual(KEPT);
    const writes = proxy.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method));
    expect(writes.map(({ method }) => method)).toEqual(['PUT', 'POST']);
  });

  it('stays within the prefix', async () => {
    const args = ['restore', backup, '--delete-extra', '--prefix', 'job-1/', '--yes'];
    const { answer } = await runJson<RestoreReport>(args);
    expect(answer.deleted).toBe(1);
    expect(await there()).toEqual(all().filter((key) => key !== 'job-1/c'));
  });

  it('removes nothing where an object could not be restored', async () => {
    await store.deleteObject(bucket, 'job-1/b');
    proxy.setPlan(({ method, path }) =>
      method === 'PUT' && path.endsWith('/job-1/b')
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const args = ['restore', backup, '--delete-extra', '--yes'];
    const outcome = await runJson<RestoreReport>(args, { endpoint: proxy.endpoint });
    expect(outcome).toMatchObject({ exitCode: 3, answer: { deleted: 0 } });
    expect(outcome.stderr).toContain('no objects were removed');
    expect(await there()).toEqual(all().filter((key) => key !== 'job-1/b'));
    await seed(store, bucket, [{ key: 'job-1/b', content: noise(100, 'job-1/b') }]);
  });

  it('is refused for a backup that is not complete, and for a single key', async () => {
    proxy.setPlan(({ path }) =>
      path.endsWith('/job-1/a') ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    );
    const made = ['backup', 'full', folder, '--bucket', bucket];
    const partial = await runJson<{ id: string }>(made, { endpoint: proxy.endpoint });
    expect(partial.exitCode).toBe(3);
    const args = ['restore', join(folder, partial.answer.id), '--delete-extra'];
    expect((await runJson(args)).exitCode).toBe(8);
    expect((await runJson(['restore', backup, '--delete-extra', '--key', 'z'])).exitCode).toBe(2);
    const metadata = ['restore', backup, 'metadata', '--delete-extra'];
    expect((await runJson(metadata)).exitCode).toBe(2);
    expect(await there()).toEqual(all());
  });
});
