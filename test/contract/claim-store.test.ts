import { mkdir, readdir, rm, rmdir, stat, symlink, writeFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isMangamotionError } from '../../src/errors.js';
import { FolderClaims } from '../../src/lock/folder-claims.js';
import { LockClaims } from '../../src/lock/lock-claims.js';
import { ObjectClaims } from '../../src/lock/object-claims.js';
import { temporaryFolder } from '../helpers/backups.js';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { MemoryClaims } from '../helpers/memory-claims.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';
import { describeClaimStore } from './claim-store.suite.js';

const objects = testStore();
afterAll(() => objects.close());

describeClaimStore('claims in a folder', async () => {
  const { folder, remove } = temporaryFolder();
  const path = (name: string) => join(folder, '.mangamotion-lock', `${name}.json`);
  return await Promise.resolve({
    open: () => new FolderClaims(folder),
    putForeign: (name, content) => writeFile(path(name), content),
    remove,
  });
});

describeClaimStore('claims in a bucket', async () => {
  const bucket = await freshBucket(objects);
  return {
    open: () => new ObjectClaims(objects, { bucket, prefix: 'nightly/' }),
    putForeign: async (name, content) => {
      const key = `nightly/.mangamotion-lock/${name}.json`;
      await objects.putObject(bucket, key, contentOf(content));
    },
    remove: () => removeBucket(objects, bucket),
  };
});

describeClaimStore('claims in a bucket, of runs that delete nothing', async () => {
  const bucket = await freshBucket(objects);
  const place = { bucket, prefix: 'nightly/' };
  return {
    open: () => new LockClaims(new ObjectClaims(objects, place), { appendOnly: true }),
    putForeign: async (name, content) => {
      const key = `nightly/.mangamotion-lock/${name}.json`;
      await objects.putObject(bucket, key, contentOf(content));
    },
    remove: () => removeBucket(objects, bucket),
  };
});

describeClaimStore('claims in memory', () => {
  const store = new MemoryClaims();
  return Promise.resolve({
    open: () => store,
    putForeign: (name, content) => store.put(name, content),
    remove: () => undefined,
  });
});

describe('a folder with claims', () => {
  let folder: string;
  let remove: () => void;
  let claims: FolderClaims;
  beforeEach(() => {
    ({ folder, remove } = temporaryFolder());
    claims = new FolderClaims(folder);
  });
  afterEach(() => remove());

  it('holds each in a file that only its owner can read, and goes with the last of them', async () => {
    await claims.put('one', '1');
    const path = join(folder, '.mangamotion-lock', 'one.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await claims.remove('one');
    expect(await readdir(folder)).toEqual([]);
  });

  it('shows no claim of a run that was killed while it put its first one, and removes the rest', async () => {
    const left = join(folder, '.mangamotion-lock', 'torn.json.new');
    await claims.put('one', '1');
    await writeFile(left, '{"for');
    expect((await claims.list()).map(({ name }) => name)).toEqual(['one']);
    await claims.remove('one');
    expect(await readdir(join(folder, '.mangamotion-lock'))).toEqual(['torn.json.new']);
    const long = new Date(Date.now() - 130_000);
    await utimes(left, long, long);
    await claims.put('two', '2');
    await claims.remove('two');
    expect(await readdir(folder)).toEqual([]);
  });

  it('shows a replacement that a crash left half written as a claim without content', async () => {
    await mkdir(join(folder, '.mangamotion-lock'));
    await writeFile(join(folder, '.mangamotion-lock', 'torn.json.partial'), '{"for');
    expect(await claims.list()).toMatchObject([{ name: 'torn', content: undefined }]);
    await claims.remove('torn');
    expect(await readdir(folder)).toEqual([]);
  });

  it('shows the old content while the new one is being written', async () => {
    await claims.put('one', '1');
    await writeFile(join(folder, '.mangamotion-lock', 'one.json.partial'), '2, half wri');
    expect(await claims.list()).toMatchObject([{ name: 'one', content: '1' }]);
  });

  it('leaves alone what else lies there', async () => {
    await claims.put('one', '1');
    await writeFile(join(folder, '.mangamotion-lock', '.DS_Store'), '');
    expect((await claims.list()).map(({ name }) => name)).toEqual(['one']);
    await claims.remove('one');
    expect(await readdir(join(folder, '.mangamotion-lock'))).toEqual(['.DS_Store']);
  });

  it('is not made where the destination is gone: its disk may not be mounted', async () => {
    await rm(folder, { recursive: true });
    await expect(claims.put('one', '1')).rejects.toSatisfy((error) =>
      isMangamotionError(error, 'not_found'),
    );
    expect(await claims.list()).toEqual([]);
    await claims.remove('one');
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('cannot be where a file stands, and the error says where', async () => {
    await writeFile(join(folder, '.mangamotion-lock'), '');
    await expect(claims.put('one', '1')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(folder) as string,
    });
    await expect(claims.list()).rejects.toMatchObject({ code: 'usage' });
    await expect(claims.remove('one')).rejects.toMatchObject({ code: 'usage' });
  });

  it('is made again when another run removes it in the middle of a put', async () => {
    const done = new AbortController();
    const removing = (async () => {
      while (!done.signal.aborted) {
        await rmdir(join(folder, '.mangamotion-lock')).catch(() => undefined);
        await sleep(Math.random());
      }
    })();
    for (let i = 0; i < 300; i++) {
      await claims.put('one', `${i}`);
      expect(await claims.list()).toMatchObject([{ name: 'one', content: `${i}` }]);
      await claims.remove('one');
    }
    done.abort();
    await removing;
  });

  it('gives up where the folder can never be written to', async () => {
    await symlink('nowhere', join(folder, '.mangamotion-lock'));
    await expect(claims.put('one', '1')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a bucket with claims', () => {
  let bucket: string;
  beforeEach(async () => {
    bucket = await freshBucket(objects);
    return () => removeBucket(objects, bucket);
  });

  it('holds each as an object below the prefix, apart from those of other prefixes', async () => {
    const inner = new ObjectClaims(objects, { bucket, prefix: 'a/b/' });
    const outer = new ObjectClaims(objects, { bucket, prefix: '' });
    await inner.put('one', '1');
    await outer.put('two', '2');
    expect((await readObject(objects, bucket, 'a/b/.mangamotion-lock/one.json')).toString()).toBe(
      '1',
    );
    expect((await inner.list()).map(({ name }) => name)).toEqual(['one']);
    expect((await outer.list()).map(({ name }) => name)).toEqual(['two']);
    expect([inner.location, outer.location]).toEqual([`s3://${bucket}/a/b/`, `s3://${bucket}/`]);
  });

  it('does not wait for a server that is silent when the signal is aborted', async () => {
    const proxy = await startFaultyProxy(objects.endpoint, () => ({ kind: 'ignore' }));
    const store = testStore(addressOf(proxy.endpoint));
    const claims = new ObjectClaims(store, { bucket, prefix: '' });
    const name = 'TimeoutError';
    await expect(claims.put('one', '1', AbortSignal.timeout(50))).rejects.toMatchObject({ name });
    await expect(claims.list(AbortSignal.timeout(50))).rejects.toMatchObject({ name });
    await expect(claims.remove('one', AbortSignal.timeout(50))).rejects.toMatchObject({ name });
    store.close();
    await proxy.close();
  });

  it('rejects as the store does where the bucket is gone', async () => {
    const claims = new ObjectClaims(objects, { bucket: `${bucket}-gone`, prefix: '' });
    await expect(claims.put('one', '1')).rejects.toMatchObject({ code: 'not_found' });
    await expect(claims.list()).rejects.toMatchObject({ code: 'not_found' });
  });
});
