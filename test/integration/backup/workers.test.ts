import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MangamotionError } from '../../../src/errors.js';
import { ReaderThreads } from '../../../src/object-store/s3/reader-threads.js';
import { s3CodeOf } from '../../../src/object-store/store-errors.js';
import type { Summary } from '../../../src/repository/summary.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { run, runJson, storeSettings } from '../../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import { noise, seed } from '../../helpers/seed.js';
import { addressOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** Threads that read objects. They run the built program. */

const MIB = 1024 * 1024;
const SIZES = [0, 1, 65_535, 65_536, 65_537, 300_000, MIB, 5 * MIB, 8 * MIB, 8 * MIB + 1, 9 * MIB];
const objects = [
  ...SIZES.map((size, i) => ({ key: `sizes/${i}`, content: noise(size, `${i}`) })),
  ...Array.from({ length: 60 }, (_, i) => ({
    key: `many/${i}`,
    content: noise(20_000 + i * 3000, `many ${i}`),
  })),
];
const direct = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let proxy: FaultyProxy;
let env: Record<string, string>;

beforeAll(async () => {
  bucket = await freshBucket(direct);
  await seed(direct, bucket, objects);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  env = { ...storeSettings(), MINIO_ENDPOINT: proxy.endpoint };
});
afterEach(() => proxy.setPlan(() => undefined));
afterAll(async () => {
  await removeBucket(direct, bucket);
  await proxy.close();
  direct.close();
  remove();
});

const OPTIONS = { maxBytes: 8 * MIB, mayLend: true };

describe('an object that a thread reads', () => {
  const store = testStore({ readers: 2 });
  afterAll(() => store.close());

  it.each(objects.slice(0, 9))('comes with its digests: $key', async ({ key, content: wanted }) => {
    const { content, digests, release } = await store.readObject(bucket, key, OPTIONS);
    expect(content?.equals(wanted)).toBe(true);
    expect(digests).toEqual({
      sha256: createHash('sha256').update(wanted).digest('hex'),
      md5: createHash('md5').update(wanted).digest('hex'),
    });
    release?.();
    release?.();
  });

  it('keeps its bytes until they are given back, however many others are read', async () => {
    const held = objects.slice(0, 8);
    const reads = held.map(({ key }) => store.readObject(bucket, key, OPTIONS));
    const lent = await Promise.all(reads);
    for (let round = 0; round < 3; round++) {
      const others = objects.slice(11).map(async ({ key, content: wanted }) => {
        const { content, release } = await store.readObject(bucket, key, OPTIONS);
        expect(content?.equals(wanted)).toBe(true);
        release?.();
      });
      await Promise.all(others);
    }
    for (const [i, { content, release }] of lent.entries()) {
      expect(content?.equals(held[i]?.content ?? Buffer.alloc(0))).toBe(true);
      release?.();
    }
  });

  it('is left to its caller where it is too large, and is named where it is missing', async () => {
    const large = await store.readObject(bucket, 'sizes/9', OPTIONS);
    expect({ size: large.head.sizeBytes, content: large.content }).toEqual({
      size: 8 * MIB + 1,
      content: undefined,
    });
    const missing = store.readObject(bucket, 'missing', OPTIONS);
    await expect(missing).rejects.toMatchObject({ code: 'not_found' });
    expect(s3CodeOf(await missing.catch((error: unknown) => error))).toBe('NoSuchKey');
  });

  it('that nobody wants any more is given up at once', async () => {
    const far = testStore({ ...addressOf(proxy.endpoint), readers: 1 });
    proxy.setPlan(() => ({ kind: 'stall', afterBytes: 1000 }));
    const aborted = new AbortController();
    const read = far.readObject(bucket, 'sizes/7', { ...OPTIONS, signal: aborted.signal });
    setTimeout(() => aborted.abort(new Error('not wanted')), 50);
    await expect(read).rejects.toThrow('not wanted');
    proxy.setPlan(() => undefined);
    const { content, release } = await far.readObject(bucket, 'sizes/7', OPTIONS);
    expect(content?.length).toBe(5 * MIB);
    release?.();
    far.close();
  });

  it.each([
    ['refuse', { kind: 'refuse' }],
    ['cut in its body', { kind: 'cut', afterBytes: 70_000 }],
  ] as const)(
    'over a connection that is lost fails as without threads: %s',
    async (_what, fault) => {
      proxy.setPlan(() => fault);
      const failures = [0, 2].map(async (readers) => {
        const far = testStore({ ...addressOf(proxy.endpoint), readers });
        const failed = await far
          .readObject(bucket, 'sizes/5', OPTIONS)
          .catch((error: unknown) => error);
        far.close();
        return failed;
      });
      const [plain, threaded] = await Promise.all(failures);
      expect(threaded).toMatchObject({ code: 'unreachable' });
      const { code, message, hint, request } = plain as MangamotionError;
      expect(threaded).toMatchObject({ code, message, hint, request });
    },
  );

  it('fails where its thread cannot begin, and does not wait for ever', async () => {
    const options = {
      ...{ useTls: false, caPem: undefined, proxy: undefined, maxSockets: 1 },
      ...{ idleTimeoutMs: 1000, connectTimeoutMs: 1000, maxHeaderBytes: 10_000 },
    };
    const readers = new ReaderThreads(options, 1, pathToFileURL(join(folder, 'missing.js')));
    const request = {
      ...{ origin: 'http://127.0.0.1:1', path: '/', headers: {} },
      ...{ memory: { maxBytes: 1 }, signal: undefined },
    };
    await expect(readers.get(request)).rejects.toThrow('missing.js');
    await expect(readers.get(request)).rejects.toThrow('missing.js');
    readers.close();
  });
});

describe('backup --workers', () => {
  const backUp = async (name: string, ...args: string[]): Promise<Summary> => {
    const place = join(folder, name);
    mkdirSync(place, { recursive: true });
    const command = ['backup', 'full', place, '--bucket', bucket, '--no-prune', ...args];
    const { exitCode, answer, stderr } = await runJson<Summary>(command, { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    return answer;
  };

  it('makes the backup that one thread makes', async () => {
    const one = await backUp('one', '--workers', '1');
    const three = await backUp('three', '--workers', '3');
    expect(three.objects).toEqual(one.objects);
    const diff = ['backup', 'diff', join(folder, 'one'), join(folder, 'three'), '--latest'];
    expect(await run([...diff, '--exit-code'], { env })).toMatchObject({ exitCode: 0 });
    const verify = ['backup', 'verify', join(folder, 'three'), '--latest'];
    expect(await run(verify, { env })).toMatchObject({ exitCode: 0 });
  });

  it('reads again what a bad connection cut', async () => {
    const faults = [
      { kind: 'cut', afterBytes: 10_000 },
      { kind: 'refuse' },
      { kind: 'answer', status: 503 },
    ] as const;
    proxy.setPlan(({ index, path }) => {
      return path.includes('/many/') && index % 4 === 0 ? faults[(index / 4) % 3] : undefined;
    });
    const made = await backUp('cut', '--workers', '4');
    expect(made.objects).toMatchObject({ captured: objects.length, failed: 0 });
    const verify = ['backup', 'verify', join(folder, 'cut'), '--latest'];
    expect(await run(verify, { env })).toMatchObject({ exitCode: 0 });
  });

  it('names an object that cannot be read', async () => {
    mkdirSync(join(folder, 'failed'));
    proxy.setPlan(({ path }) =>
      path.includes('/many/7?') || path.endsWith('/many/7')
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const place = join(folder, 'failed');
    const args = ['backup', 'full', place, '--bucket', bucket, '--workers', '2', '--no-prune'];
    const { exitCode, answer } = await runJson<Summary>(args, { env });
    expect(exitCode).toBe(3);
    expect(answer.failures.map(({ key }) => key)).toEqual(['many/7']);
  });

  it.each(['0', '17', '-1', 'many', ''])('refuses %s workers', async (workers) => {
    const args = ['backup', 'full', folder, `--workers=${workers}`];
    const { exitCode, stderr } = await run(args, { env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--workers');
    const bySetting = { ...env, BACKUP_WORKERS: workers === '' ? 'x' : workers };
    const other = await run(['backup', 'full', folder], { env: bySetting });
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toContain('BACKUP_WORKERS');
  });
});
