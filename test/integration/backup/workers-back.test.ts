import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VerifyResult } from '../../../src/backup/verify/result.js';
import type { RollingResult } from '../../../src/backup/verify/rolling/rolling.js';
import type { Summary } from '../../../src/repository/summary.js';
import type { RestoreReport } from '../../../src/restore/report.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { run, runJson, runProcess, storeSettings } from '../../helpers/cli.js';
import { type FaultyProxy, startFaultyProxy } from '../../helpers/faulty-proxy.js';
import { noise, seed, snapshot } from '../../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';

/** `--workers` of `backup verify` and `restore`: what they find and do is the same. */

const MIB = 1024 * 1024;
const store = testStore();
const { folder, remove } = temporaryFolder();
const key = join(folder, 'operators.agekey');
const sizes = [
  ...[0, 1, 300_000, 352 * 1024 + 1].map((size) => ({ key: `a/${size}`, size })),
  ...Array.from({ length: 5 }, (_, i) => ({ key: `large/${i}`, size: 7 * MIB + i })),
  ...Array.from({ length: 120 }, (_, i) => ({ key: `many/${i}`, size: 500 + i * 300 })),
];
const text = Buffer.from('the same again and again\n'.repeat(300_000));
const objects = [
  ...sizes.map(({ key: name, size }) => ({ key: name, content: noise(size, name) })),
  { key: 'text', content: text },
];

let proxy: FaultyProxy;
let env: Record<string, string>;
let source: string;
let home: string;
let full: Summary;
let incremental: Summary;
let sealed: Summary;

beforeAll(async () => {
  vi.stubEnv('XDG_STATE_HOME', join(folder, 'state'));
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  env = { ...backupStoreSettings(proxy.endpoint), MINIO_ENDPOINT: proxy.endpoint };
  [source, home] = [await freshBucket(store), await freshBucket(store)];
  await seed(store, source, objects);
  const backUp = async (type: string, prefix: string, ...more: string[]): Promise<Summary> => {
    const place = `s3://${home}/${prefix}`;
    const args = ['backup', type, place, '--bucket', source, '--no-prune', ...more];
    const { exitCode, answer, stderr } = await runJson<Summary>(args, { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    return answer;
  };
  full = await backUp('full', 'plain');
  await store.putObject(source, 'many/7', contentOf('changed'));
  incremental = await backUp('incremental', 'plain');
  const made = await runJson<{ recipient: string }>(['key', 'new', key]);
  sealed = await backUp('full', 'sealed', '--recipient', made.answer.recipient);
});
afterEach(() => proxy.setPlan(() => undefined));
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const bucket of [source, home]) await removeBucket(store, bucket);
  await proxy.close();
  store.close();
  remove();
});

/** Verifies with 1 and with 4 workers, of which both find the same, and resolves to that. */
async function verifyBoth(backup: string, ...more: string[]) {
  const args = ['backup', 'verify', `s3://${home}/${backup}`, ...more];
  const [one, four] = [
    await runJson<VerifyResult>([...args, '--workers', '1'], { env }),
    await runJson<VerifyResult>([...args, '--workers', '4'], { env }),
  ];
  expect(four).toEqual(one);
  return four;
}

/** Copies what lies under `plain` to another prefix, with another archive of the full backup, or none. */
async function withArchive(prefix: string, change: (archive: Buffer) => Buffer | undefined) {
  for await (const page of store.listObjects(home, { prefix: 'plain/minio_backup' })) {
    for (const { key: name } of page) {
      const content = await readObject(store, home, name);
      const isArchive = name === `plain/${full.archive.file}`;
      const changed = isArchive ? change(content) : content;
      if (changed === undefined) continue;
      await store.putObject(home, name.replace('plain', prefix), contentOf(changed));
    }
  }
}

describe('backup verify --workers', () => {
  const counted = { objects: objects.length, status: 'ok', problems: [] };

  it('reads all of a backup, also what lies in other archives', async () => {
    expect(await verifyBoth(`plain/${full.id}`)).toMatchObject({ exitCode: 0, answer: counted });
    const later = await verifyBoth(`plain/${incremental.id}`);
    expect(later).toMatchObject({ exitCode: 0, answer: counted });
    const sampled = await verifyBoth(`plain/${incremental.id}`, '--sample', '100%');
    expect(sampled).toMatchObject({ exitCode: 0, answer: counted });
    const quick = await verifyBoth(`plain/${full.id}`, '--quick');
    expect(quick).toMatchObject({ exitCode: 0, answer: { ...counted, quick: true } });
  });

  it('reads an encrypted backup, with its key and without', async () => {
    const opened = await verifyBoth(`sealed/${sealed.id}`, '--identity', key);
    expect(opened).toMatchObject({ exitCode: 0, answer: counted });
    expect(opened.answer.not_opened).toBeUndefined();
    const closed = await verifyBoth(`sealed/${sealed.id}`);
    expect(closed).toMatchObject({ exitCode: 0, answer: { status: 'ok' } });
    expect(closed.answer.not_opened).toContain('no key');
  });

  it('reads each byte of an archive once', async () => {
    proxy.requests.length = 0;
    await run(['backup', 'verify', `s3://${home}/plain/${full.id}`, '--workers', '4'], { env });
    const reads = proxy.requests.filter(
      ({ method, path }) => method === 'GET' && path.includes('.tar.gz'),
    );
    const bytes = reads.reduce((sum, { receivedBytes }) => sum + receivedBytes(), 0);
    // The directory and the index are read before, and again with the rest.
    expect(bytes).toBeLessThan(full.archive_bytes + MIB);
    expect(bytes).toBeGreaterThanOrEqual(full.archive_bytes);
  });

  it('reads the share of --within', async () => {
    const args = ['backup', 'verify', `s3://${home}/plain`, '--within', '1d', '--workers', '4'];
    const { exitCode, answer } = await runJson<RollingResult>(args, { env });
    expect({ exitCode, answer }).toMatchObject({
      exitCode: 0,
      answer: { status: 'ok', read: { objects: objects.length + 1 } },
    });
  });

  it('finds each flipped bit, in the same order', async () => {
    await withArchive('flipped', (archive) => {
      for (const share of [0.03, 0.2, 0.5, 0.51, 0.9]) {
        const at = Math.floor(archive.length * share);
        archive[at] = archive[at]! ^ 4;
      }
      return archive;
    });
    const found = await verifyBoth(`flipped/${full.id}`);
    expect(found).toMatchObject({ exitCode: 5, answer: { status: 'damaged' } });
    const kinds = found.answer.problems.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'member').length).toBeGreaterThanOrEqual(3);
    expect(kinds.at(-1)).toBe('archive');
    const named = found.answer.problems.flatMap(({ key: name }) => name ?? []);
    expect(named.length).toBeGreaterThanOrEqual(3);

    // Through the objects that a later backup needs, which has an object of its own.
    const later = await verifyBoth(`flipped/${incremental.id}`);
    expect(later).toMatchObject({ exitCode: 5, answer: { status: 'damaged' } });
    const needed = later.answer.problems.flatMap(({ key: name }) => name ?? []);
    expect(needed).toEqual([...named].filter((name) => name !== 'many/7').sort());
  });

  it('finds an archive that ends early, and one that is missing', async () => {
    await withArchive('short', (archive) => archive.subarray(0, archive.length - 3 * MIB));
    const short = await verifyBoth(`short/${full.id}`);
    expect(short).toMatchObject({ exitCode: 5, answer: { status: 'incomplete' } });
    const later = await verifyBoth(`short/${incremental.id}`);
    expect(later.exitCode).toBe(5);
    await withArchive('missing', () => undefined);
    const missing = await verifyBoth(`missing/${full.id}`);
    expect(missing.answer.problems.map(({ kind }) => kind)).toEqual(['archive_missing']);
    const needing = await verifyBoth(`missing/${incremental.id}`);
    expect(needing.exitCode).toBe(5);
    expect(needing.answer.objects).toBe(1);
  });

  it('reads again what a bad connection cut', async () => {
    let cuts = 0;
    proxy.setPlan(({ path, index }) => {
      if (!path.includes('.tar.gz') || index % 3 !== 0 || cuts >= 6) return undefined;
      cuts += 1;
      return { kind: 'cut', afterBytes: 50_000 };
    });
    const args = ['backup', 'verify', `s3://${home}/plain/${full.id}`, '--workers', '4'];
    expect((await run(args, { env })).exitCode).toBe(0);
    expect(cuts).toBe(6);
  });
});

describe('restore --workers', () => {
  /** Restores into a bucket of its own; the report with its name replaced, and what is there. */
  const restored = async (workers: number, ...more: string[]) => {
    const into = freshBucketName();
    const args = ['restore', `s3://${home}/plain/${incremental.id}`, '--as', `${source}=${into}`];
    const all = [...args, '--workers', String(workers), '--json', ...more];
    const { exitCode, stdout, stderr } = await run(all, { env });
    const report = JSON.parse(stdout.replaceAll(into, 'into')) as RestoreReport;
    const there = await snapshot(store, into);
    await removeBucket(store, into);
    return { exitCode, report, stderr: stderr.replaceAll(into, 'into'), there };
  };

  it('writes the same, and reports the same', async () => {
    const [one, four] = [await restored(1), await restored(4)];
    expect(one.exitCode).toBe(0);
    expect(four).toEqual(one);
    expect(four.report).toMatchObject({ restored: { objects: objects.length }, failures: [] });
    expect(four.there).toEqual(await snapshot(store, source));
  });

  it('names what the target refuses, in the same order', async () => {
    const refused = /\/(?:many\/(?:3|30|117)|large\/2)$/;
    proxy.setPlan(({ method, path }) =>
      method === 'PUT' && refused.test(path)
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const [one, four] = [await restored(1), await restored(4)];
    expect(one.exitCode).toBe(3);
    expect(four).toEqual(one);
    const keys = four.report.failures.map(({ key: name }) => name);
    expect(keys).toEqual(['large/2', 'many/117', 'many/3', 'many/30']);
  });

  it('names what is damaged in the archive, and writes nothing of it', async () => {
    await withArchive('bad', (archive) => {
      const at = Math.floor(archive.length * 0.5);
      archive[at] = archive[at]! ^ 4;
      return archive;
    });
    const into = freshBucketName();
    const args = ['restore', `s3://${home}/bad/${full.id}`, '--as', `${source}=${into}`];
    const { exitCode, answer } = await runJson<RestoreReport>([...args, '--workers', '4'], { env });
    expect(exitCode).toBe(3);
    expect(answer.failures).toHaveLength(1);
    expect(answer.restored.objects).toBe(objects.length - 1);
    await removeBucket(store, into);
  });

  it('is not for the keys of Redis', async () => {
    const args = ['restore', `s3://${home}/plain/${full.id}`, 'redis', '--workers', '2'];
    const { exitCode, stderr } = await run(args, { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain('--workers cannot be combined with redis');
  });
});

describe('SIGTERM while workers wait for the store', () => {
  /** Stops the program when so many requests wait, and resolves to how it ended. */
  const stopped = async (
    args: readonly string[],
    waits: (path: string) => boolean,
    most: number,
  ) => {
    let waiting = 0;
    const reached = new Promise<void>((resolve) => {
      proxy.setPlan(({ path, method }) => {
        if (!waits(`${method} ${path}`)) return undefined;
        waiting += 1;
        if (waiting === most) resolve();
        return { kind: 'ignore' };
      });
    });
    const running = runProcess(args, { env: { ...env, XDG_STATE_HOME: join(folder, 'other') } });
    await reached;
    running.kill('SIGTERM');
    const { exitCode, stderr } = await running;
    expect(stderr).toContain('terminated (SIGTERM)');
    return { exitCode, waiting };
  };

  it('ends a verify, whose workers all wait', async () => {
    const args = ['backup', 'verify', `s3://${home}/plain/${full.id}`, '--workers', '4'];
    let reads = 0;
    // The first reads are those of the footer, the directory and the documents.
    const waits = (what: string) =>
      what.includes('.tar.gz') && what.startsWith('GET') && ++reads > 6;
    expect((await stopped(args, waits, 10)).exitCode).toBe(143);
  });

  it('ends a restore, and leaves nothing half written', async () => {
    const into = freshBucketName();
    const args = ['restore', `s3://${home}/plain/${full.id}`, '--as', `${source}=${into}`];
    const waits = (what: string) => what.startsWith(`PUT /${into}/`);
    const { exitCode } = await stopped([...args, '--workers', '4'], waits, 60);
    expect(exitCode).toBe(143);
    expect(await snapshot(store, into)).toEqual(new Map());
    await removeBucket(store, into);
  });
});

describe.each([
  ['backup verify', ['backup', 'verify']],
  ['restore', ['restore']],
])('%s', (_name, command) => {
  it.each(['0', '17', 'x'])('refuses %s workers', async (workers) => {
    const args = [...command, `s3://${home}/plain/${full.id}`];
    const { exitCode, stderr } = await run([...args, `--workers=${workers}`], { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain('--workers');
    const other = await run(args, { env: { ...env, BACKUP_WORKERS: workers } });
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toContain('BACKUP_WORKERS');
  });
});
