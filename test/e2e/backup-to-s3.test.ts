import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { temporaryFolder, withQuickRetries } from '../helpers/backups.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess, storeSettings } from '../helpers/cli.js';
import { startFaultyProxy, type FaultPlan, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { listing, noise, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const store = withQuickRetries(testStore());
let source: string;
let bucket: string;
let proxy: FaultyProxy;
let env: Record<string, string>;
let destination: string;

beforeAll(async () => {
  source = await freshBucket(store);
  await seed(store, source, [
    { key: 'video', content: noise(40 * MIB, 'video') },
    ...Array.from({ length: 40 }, (_, i) => ({
      key: `page-${i + 100}`,
      content: noise(20_000, `page ${i}`),
    })),
  ]);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
});
beforeEach(async () => {
  bucket = await freshBucket(store);
  destination = `s3://${bucket}/minio/nightly`;
  env = backupStoreSettings(proxy.endpoint);
  proxy.setPlan(() => undefined);
});
afterEach(async () => {
  for (const { key, uploadId } of await store.listMultipartUploads(bucket, '')) {
    await store.abortMultipartUpload(bucket, key, uploadId);
  }
  await removeBucket(store, bucket);
});
afterAll(async () => {
  await removeBucket(store, source);
  await proxy.close();
  store.close();
});

const backUp = (type = 'full') =>
  runJson<Summary>(['backup', type, destination, '--bucket', source], { env });

/** All but the claims of whoever has the lock. */
async function keys(): Promise<string[]> {
  const all = (await listing(store, bucket)).map(({ key }) => key);
  return all.filter((key) => !key.includes('/.mangamotion-lock/'));
}

async function uploads(): Promise<string[]> {
  return (await store.listMultipartUploads(bucket, 'minio/nightly/')).map(({ key }) => key);
}

async function isRestoredWhole(id: string): Promise<void> {
  const target = freshBucketName();
  const args = ['restore', `${destination}/${id}`, '--as', `${source}=${target}`];
  expect((await run(args, { env })).exitCode).toBe(0);
  expect(await snapshot(store, target)).toEqual(await snapshot(store, source));
  await removeBucket(store, target);
}

describe('a destination in a bucket', () => {
  it('brings a chain of a full and an incremental back, and verifies, lists and shows it', async () => {
    const { exitCode, answer: full } = await backUp();
    expect(exitCode).toBe(0);
    expect(full.destination).toBe(destination);
    await store.putObject(source, 'new', contentOf(noise(30_000, 'new')));
    try {
      const { answer: next } = await backUp('incremental');
      expect(next).toMatchObject({ type: 'incremental', status: 'complete', parent: full.id });
      expect(next.objects).toMatchObject({ captured: 1, unchanged: 41 });
      expect(await keys()).toEqual(
        [full, next]
          .flatMap(({ id }) => [`minio/nightly/${id}.json`, `minio/nightly/${id}.tar.gz`])
          .sort(),
      );
      expect(await uploads()).toEqual([]);

      const list = await runJson<{ backups: Summary[] }>(['backup', 'list', destination], { env });
      expect(list.answer.backups.map(({ id }) => id)).toEqual([full.id, next.id]);
      expect(list.exitCode).toBe(0);
      for (const { id } of [full, next]) {
        const verified = await runJson(['backup', 'verify', `${destination}/${id}`], { env });
        expect(verified.answer).toMatchObject({ status: 'ok', problems: [] });
      }
      const named = `${destination}/${next.id}.tar.gz`;
      const { answer } = await runJson<{ objects: unknown[] }>(['backup', 'ls', named], { env });
      expect(answer.objects).toHaveLength(42);
      await isRestoredWhole(next.id);
    } finally {
      await store.deleteObject(source, 'new');
    }
  });

  it('gives one object back in four requests, and little more than its bytes', async () => {
    const { answer: full } = await backUp();
    let bytes = 0;
    proxy.requests.length = 0;
    const archive = await listing(store, bucket);
    const target = freshBucketName();
    const args = ['restore', `${destination}/${full.id}`, '--bucket', source];
    const named = [...args, '--key', 'page-120', '--as', `${source}=${target}`];
    expect((await run(named, { env })).exitCode).toBe(0);
    expect((await readObject(store, target, 'page-120')).equals(noise(20_000, 'page 20'))).toBe(
      true,
    );
    await removeBucket(store, target);
    expect(proxy.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'GET']);
    for (const { receivedBytes } of proxy.requests) bytes += receivedBytes();
    expect(bytes).toBeLessThan(1.5 * MIB);
    expect(archive.some(({ sizeBytes }) => sizeBytes > 40 * MIB)).toBe(true);
  });

  it('gives one object of 300 kB back from an encrypted backup in four requests, the last of at most 512 kB', async () => {
    await store.putObject(source, 'page-120x', contentOf(noise(300_000, 'large page')));
    const keys = temporaryFolder();
    const identity = join(keys.folder, 'key');
    const made = await runJson<{ recipient: string }>(['key', 'new', identity]);
    const encrypting = { ...env, BACKUP_AGE_RECIPIENTS: made.answer.recipient };
    const args = ['backup', 'full', destination, '--bucket', source];
    const { answer: full } = await runJson<Summary>(args, { env: encrypting });
    proxy.requests.length = 0;
    const target = freshBucketName();
    const restoring = ['restore', `${destination}/${full.id}`, '--bucket', source];
    const named = [...restoring, '--key', 'page-120x', '--as', `${source}=${target}`];
    const outcome = await run([...named, '--identity', identity], { env });
    expect(outcome).toMatchObject({ exitCode: 0 });
    const content = await readObject(store, target, 'page-120x');
    expect(content.equals(noise(300_000, 'large page'))).toBe(true);
    await store.deleteObject(source, 'page-120x');
    await removeBucket(store, target);
    // The chunk of the index may lie in the 64 KiB of the directory.
    expect(proxy.requests.length).toBeLessThanOrEqual(4);
    expect(proxy.requests.every(({ method }) => method === 'GET')).toBe(true);
    const bytes = proxy.requests.map(({ receivedBytes }) => receivedBytes());
    expect(bytes.at(-1)).toBeGreaterThan(300_000);
    expect(bytes.at(-1)).toBeLessThan(512_000);
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(2 * MIB);
    keys.remove();
  });

  it('completes a backup through cut connections and answers of a server in trouble', async () => {
    let failures = 0;
    const everyThird: FaultPlan = ({ method, index }) => {
      if ((method !== 'PUT' && method !== 'POST') || index % 3 !== 0) return undefined;
      failures += 1;
      return failures % 2 === 0 ? { kind: 'refuse' } : { kind: 'answer', status: 503 };
    };
    proxy.setPlan(everyThird);
    const { exitCode, answer, stderr } = await backUp();
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(failures).toBeGreaterThan(1);
    proxy.setPlan(() => undefined);
    const verified = await runJson(['backup', 'verify', `${destination}/${answer.id}`], { env });
    expect(verified.answer).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['SIGTERM', 143, 0],
    ['SIGKILL', undefined, 1],
  ] as const)('shows no backup after %s in the middle', async (signal, status, left) => {
    const isPart = (path: string): boolean => path.includes('partNumber=');
    proxy.setPlan(({ path }) => (/partNumber=3\b/.test(path) ? { kind: 'ignore' } : undefined));
    proxy.requests.length = 0;
    const program = runProcess(['backup', 'full', destination, '--bucket', source], { env });
    await waitUntil('the upload', [], () =>
      Promise.resolve(proxy.requests.filter(({ path }) => isPart(path)).length >= 3),
    );
    program.kill(signal);
    expect((await program).exitCode).toBe(status);
    expect(await keys()).toEqual([]);
    expect(await uploads()).toHaveLength(left);
  });

  it('says what is missing: credentials, the bucket, the right, a folder', async () => {
    const failing = async (location: string, settings: Record<string, string>) => {
      const args = ['backup', 'full', location, '--bucket', source];
      const { exitCode, answer } = await runJson<{ error: { code: string; message: string } }>(
        args,
        { env: { ...env, ...settings } },
      );
      return { exitCode, ...answer.error };
    };
    expect(await failing(destination, { BACKUP_S3_SECRET_KEY: '' })).toMatchObject({
      exitCode: 2,
      code: 'configuration',
      message: expect.stringContaining('BACKUP_S3_SECRET_KEY') as string,
    });
    const missing = freshBucketName();
    expect(await failing(`s3://${missing}/x`, {})).toMatchObject({
      exitCode: 4,
      code: 'not_found',
      message: expect.stringContaining(missing) as string,
    });
    const denied = await failing(destination, { BACKUP_S3_SECRET_KEY: 'not-the-secret' });
    expect(denied).toMatchObject({ exitCode: 6, code: 'access_denied' });
    expect(JSON.stringify(denied)).toContain('BACKUP_S3_SECRET_KEY');
    expect(JSON.stringify(denied)).not.toContain('not-the-secret');
    expect(await failing(destination, { BACKUP_COMPRESSION: 'false' })).toMatchObject({
      exitCode: 2,
      code: 'usage',
    });
    expect(await failing('s3://', {})).toMatchObject({ exitCode: 2, code: 'usage' });
    expect(await failing('gs://bucket', {})).toMatchObject({ exitCode: 2, code: 'usage' });
  });

  it('leaves its own bucket out of the backup, and says so', async () => {
    await store.putObject(bucket, 'other', contentOf('other'));
    env = backupStoreSettings();
    const args = ['backup', 'full', destination, '--bucket', source, '--bucket', bucket];
    const { exitCode, answer, stderr } = await runJson<Summary>(args, { env });
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`bucket ${bucket} holds the backups themselves`);
    expect(answer.buckets.map(({ name }) => name)).toEqual([source]);
  });
});
