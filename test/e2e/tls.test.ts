import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';
import { startTlsFront, tlsFile } from '../helpers/tls-front.js';

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let front: Awaited<ReturnType<typeof startTlsFront>>;

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    { key: 'small', content: noise(20_000, 'small') },
    { key: 'streamed', content: noise(9_000_000, 'streamed') },
  ]);
  front = await startTlsFront(store.endpoint, 'loopback');
});
afterAll(async () => {
  await front.close();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const backupArgs = () => ['backup', 'full', folder, '--bucket', bucket];

describe('a store behind TLS whose certificate a private CA signed', () => {
  it('is backed up and restored with that CA, from the environment or a flag', async () => {
    const env = { MINIO_CA_FILE: tlsFile('ca') };
    const { exitCode, answer } = await runJson<{ id: string }>(backupArgs(), { ...front, env });
    expect(exitCode).toBe(0);
    const before = await snapshot(store, bucket);
    for (const key of before.keys()) await store.deleteObject(bucket, key);
    const args = ['restore', join(folder, answer.id), '--ca-file', tlsFile('ca')];
    expect((await run(args, front)).exitCode).toBe(0);
    expect(await snapshot(store, bucket)).toEqual(before);
  });

  it('is refused without it, with the setting to give it', async () => {
    const { exitCode, stderr } = await run(backupArgs(), front);
    expect(exitCode).toBe(6);
    expect(stderr).toContain('certificate');
    expect(stderr).toContain('MINIO_CA_FILE');
  });

  it('is refused where the certificate is for another host', async () => {
    const elsewhere = await startTlsFront(store.endpoint, 'elsewhere');
    const env = { MINIO_CA_FILE: tlsFile('ca') };
    const { exitCode, stderr } = await run(backupArgs(), { ...elsewhere, env });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('a name that the certificate is for');
    await elsewhere.close();
  });

  it('is not taken for one without TLS, nor the other way round', async () => {
    const plain = await run(backupArgs(), { endpoint: front.endpoint.replace('https', 'http') });
    expect(plain.exitCode).toBe(6);
    expect(plain.stderr).toContain('MINIO_USE_SSL');
    const secure = await run(backupArgs(), { endpoint: store.endpoint.replace('http:', 'https:') });
    expect(secure.exitCode).toBe(6);
    expect(secure.stderr).toContain('cannot be reached: TLS: wrong version number\n');
    expect(secure.stderr).toContain('MINIO_USE_SSL');
  });

  it('is not asked with a CA file that is none', async () => {
    const env = { MINIO_CA_FILE: join(folder, 'no-such-file.pem') };
    const { exitCode, stderr } = await run(backupArgs(), { ...front, env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('MINIO_CA_FILE');
  });
});
