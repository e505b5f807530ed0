import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CopyReport } from '../../src/repository/copy/copy-report.js';
import type { Summary } from '../../src/repository/summary.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { run, runJson, runProcess, storeSettings } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { abortUploads, namesAt, putBackup, uploadsAt } from '../helpers/s3-destinations.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { writeBackup } from '../helpers/summaries.js';
import {
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** Copies of backups, between folders and buckets. */

const MIB = 1024 * 1024;
const store = testStore();
let source: string;
/** A chain: a full backup and two incremental ones, in a folder and in a bucket. */
let near: string;
let chain: string[];
let nearBucket: string;
let bucket: string;
let folder: string;
let proxy: FaultyProxy;
/** What the source bucket held at the last backup. */
let contents: Awaited<ReturnType<typeof snapshot>>;

const env = (): Record<string, string> => backupStoreSettings(proxy.endpoint);

beforeAll(async () => {
  source = await freshBucket(store);
  near = await mkdtemp(join(tmpdir(), 'mangamotion-near-'));
  await seed(store, source, [
    { key: 'video', content: noise(13 * MIB, 'video') },
    ...Array.from({ length: 20 }, (_, i) => ({ key: `page-${i}`, content: noise(9_000, `p${i}`) })),
  ]);
  chain = [];
  for (const type of ['full', 'incremental', 'incremental']) {
    const args = ['backup', type, near, '--bucket', source];
    chain.push((await runJson<Summary>(args)).answer.id);
    await store.putObject(source, `page-${chain.length}`, contentOf(noise(9_100, type)));
    await store.putObject(source, `new-${chain.length}`, contentOf(noise(5_000, type)));
  }
  await store.putObject(source, 'page-3', contentOf(noise(9_000, 'p3')));
  for (const key of ['new-3']) await store.deleteObject(source, key);
  contents = await snapshot(store, source);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  nearBucket = await freshBucket(store);
  const filled = await copy(near, `s3://${nearBucket}/near`, '--all');
  expect(filled.exitCode).toBe(0);
}, 120_000);
beforeEach(async () => {
  bucket = await freshBucket(store);
  folder = await mkdtemp(join(tmpdir(), 'mangamotion-copy-'));
  proxy.setPlan(() => undefined);
  proxy.requests.length = 0;
});
afterEach(async () => {
  await abortUploads(store, bucket);
  await removeBucket(store, bucket);
  await rm(folder, { recursive: true, force: true });
});
afterAll(async () => {
  for (const name of [source, nearBucket]) await removeBucket(store, name);
  await rm(near, { recursive: true });
  await proxy.close();
  store.close();
});

const copy = (from: string, to: string, ...args: string[]) =>
  runJson<CopyReport>(['backup', 'copy', from, to, ...args], { env: env() });
const at = (prefix = 'far') => namesAt(store, { bucket, prefix: `${prefix}/` });
const newest = (): string => chain.at(-1) ?? '';
const statesOf = ({ backups }: CopyReport) => backups.map(({ id, state }) => [id, state]);
const filesOf = (ids: readonly string[]) =>
  ids.flatMap((id) => [`${id}.json`, `${id}.tar.gz`]).sort();

/** The bytes of all answers to requests for archives. */
const archiveBytesReceived = (): number =>
  proxy.requests
    .filter(({ method, path }) => method === 'GET' && path.endsWith('.tar.gz'))
    .reduce((sum, request) => sum + request.receivedBytes(), 0);

/** Restores the newest backup of a chain into a fresh bucket and compares it with the source. */
async function expectRestorable(destination: string): Promise<void> {
  const verified = await run(['backup', 'verify', destination, '--latest'], { env: env() });
  expect(verified.exitCode).toBe(0);
  const into = `restored-${bucket}`.slice(0, 60);
  const args = ['restore', destination, '--latest', '--as', `${source}=${into}`, '--yes'];
  expect((await run(args, { env: env() })).exitCode).toBe(0);
  expect(await snapshot(store, into)).toEqual(contents);
  await removeBucket(store, into);
}

describe('a copy of a chain', () => {
  it('from folder to folder, with what it refers to, byte for byte, and once', async () => {
    const dry = await copy(near, folder, '--latest', '--dry-run');
    expect(dry).toMatchObject({ exitCode: 0, answer: { dry_run: true, copied: 0 } });
    expect(await readdir(folder)).toEqual([]);
    const { exitCode, answer } = await copy(near, folder, '--latest');
    expect(exitCode).toBe(0);
    expect(statesOf(answer)).toEqual(chain.map((id) => [id, 'copied']));
    expect(answer.backups.every(({ by, proof }) => by === 'stream' && proof === 'read')).toBe(true);
    expect((await readdir(folder)).filter((name) => !name.startsWith('.')).sort()).toEqual(
      filesOf(chain),
    );
    for (const name of filesOf(chain)) {
      const same = (await readFile(join(near, name))).equals(await readFile(join(folder, name)));
      expect([name, same]).toEqual([name, true]);
    }
    const again = await copy(join(near, newest()), folder);
    expect(again.answer).toMatchObject({ copied: 0, present: 3, streamed_bytes: 0 });
    await expectRestorable(folder);
  });

  it('from a folder to a bucket, and from a bucket to a folder', async () => {
    const { exitCode } = await copy(near, `s3://${bucket}/far`, '--latest', '--verify');
    expect(exitCode).toBe(0);
    expect((await at()).sort()).toEqual(filesOf(chain));
    expect(await uploadsAt(store, bucket)).toEqual([]);
    await expectRestorable(`s3://${bucket}/far`);
    expect((await copy(`s3://${bucket}/far`, folder, '--all')).exitCode).toBe(0);
    for (const name of filesOf(chain)) {
      const same = (await readFile(join(near, name))).equals(await readFile(join(folder, name)));
      expect([name, same]).toEqual([name, true]);
    }
  });

  it('from bucket to bucket of one server passes no archive through this host', async () => {
    // What a copy that was killed has left.
    const [full = '', first = ''] = chain;
    for (const id of [full, first]) {
      await store.createMultipartUpload(bucket, `far/${id}.tar.gz`);
    }
    const { exitCode, answer } = await copy(
      `s3://${nearBucket}/near`,
      `s3://${bucket}/far`,
      '--latest',
    );
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ copied: 3, streamed_bytes: 0, streamed_because: null });
    expect(answer.backups.every(({ by, proof }) => by === 'server' && proof === 'server')).toBe(
      true,
    );
    expect(archiveBytesReceived()).toBe(0);
    expect(await uploadsAt(store, bucket)).toEqual([]);
    expect((await at()).sort()).toEqual(filesOf(chain));
    for (const name of filesOf(chain)) {
      const copied = await readObject(store, bucket, `far/${name}`);
      expect([name, copied.equals(await readFile(join(near, name)))]).toEqual([name, true]);
    }
    await expectRestorable(`s3://${bucket}/far`);
    const read = await copy(`s3://${nearBucket}/near`, `s3://${bucket}/far`, '--all', '--verify');
    expect(read.answer).toMatchObject({ present: 3, backups: [{ proof: 'read' }, {}, {}] });
  });
});

describe('a server that', () => {
  /** CopyObject for the small archives, UploadPartCopy for the large one. */
  const answerCopies = (answer: { status: number; code?: string; body?: string }, of = '') =>
    proxy.setPlan(({ copiedFrom }) =>
      copiedFrom?.includes(of) === true ? { kind: 'answer', ...answer } : undefined,
    );
  const fromBucket = (...args: string[]) =>
    copy(`s3://${nearBucket}/near/${newest()}`, `s3://${bucket}/far`, ...args);

  it.each([
    [403, 'AccessDenied', /may not read/],
    [501, 'NotImplemented', /does not copy/],
    [404, 'NoSuchBucket', /do not see/],
  ])('refuses to copy with %i %s gets the bytes from here', async (status, code, why) => {
    answerCopies({ status, code });
    const { exitCode, answer } = await fromBucket();
    expect(exitCode).toBe(0);
    expect(answer.streamed_because).toMatch(why);
    expect(answer.backups.every(({ proof }) => proof === 'read')).toBe(true);
    expect((await at()).sort()).toEqual(filesOf(chain));
    expect(await uploadsAt(store, bucket)).toEqual([]);
  });

  it('refuses for another reason, or answers 200 and an error, fails with its name', async () => {
    for (const [status, code, exit] of [
      [400, 'InvalidRequest', 8],
      [403, 'InvalidObjectState', 8],
      [200, 'AccountProblem', 8],
    ] as const) {
      answerCopies({ status, code });
      const { stderr, stdout, exitCode } = await run(
        ['backup', 'copy', `s3://${nearBucket}/near/${chain[0] ?? ''}`, `s3://${bucket}/far`],
        { env: env() },
      );
      expect([code, exitCode, stdout]).toEqual([code, exit, '']);
      expect(stderr).toMatch(code === 'InvalidObjectState' ? /cold storage/ : code);
      expect((await at()).filter((name) => !name.endsWith('.partial'))).toEqual([]);
    }
    expect(await uploadsAt(store, bucket)).toEqual([]);
  });

  it('copies something else is found out, and nothing looks like a backup', async () => {
    // It takes the copy for an upload of nothing, and says that it copied.
    const [small = ''] = chain.slice(1);
    const etag = 'd41d8cd98f00b204e9800998ecf8427e';
    const body = `<CopyObjectResult><ETag>"${etag}"</ETag></CopyObjectResult>`;
    answerCopies({ status: 200, body }, small);
    await store.putObject(bucket, `far/${small}.tar.gz`, contentOf('something else'));
    await store.putObject(bucket, `far/${small}.json.partial`, contentOf('announced'));
    const { exitCode, answer } = await fromBucket();
    expect(exitCode).toBe(5);
    expect(answer.backups[1]).toMatchObject({ id: small, state: 'failed', code: 'damaged' });
    expect(answer.backups[2]).toMatchObject({ state: 'failed', code: 'partial' });
    expect((await at()).filter((name) => name.includes(small))).toEqual([]);
  });

  it('is not trusted where the ETags cannot be compared: the copy is read', async () => {
    const { exitCode, answer } = await copy(
      `s3://${nearBucket}/near/${newest()}`,
      `s3://${bucket}/far`,
      '--stream',
    );
    expect({ exitCode, streamed: answer.streamed_bytes > 13 * MIB }).toEqual({
      exitCode: 0,
      streamed: true,
    });
    // An archive in parts of other sizes, as another program uploads it.
    const [full = ''] = chain;
    const bytes = await readObject(store, bucket, `far/${full}.tar.gz`);
    const id = await store.createMultipartUpload(bucket, `far/${full}.tar.gz`);
    const parts = [];
    for (const [index, part] of [bytes.subarray(0, 6 * MIB), bytes.subarray(6 * MIB)].entries()) {
      const etag = await store.uploadPart(
        ...([bucket, `far/${full}.tar.gz`, id, index + 1, contentOf(part)] as const),
      );
      parts.push({ partNumber: index + 1, etag });
    }
    await store.completeMultipartUpload(bucket, `far/${full}.tar.gz`, id, parts);
    const other = await copy(`s3://${bucket}/far/${full}`, `s3://${bucket}/third`);
    expect(other.answer.backups).toMatchObject([{ by: 'server', proof: 'read' }]);
  });
});

describe('two servers', () => {
  it('have keys of their own, and the bytes pass through this host', async () => {
    const other = {
      ...env(),
      // The same server under another name is another server.
      BACKUP_COPY_S3_ENDPOINT: (storeSettings().MINIO_ENDPOINT ?? '').replace(
        '127.0.0.1',
        'localhost',
      ),
      BACKUP_COPY_S3_ACCESS_KEY: storeSettings().MINIO_ACCESS_KEY ?? '',
      BACKUP_COPY_S3_SECRET_KEY: storeSettings().MINIO_SECRET_KEY ?? '',
    };
    const args = ['backup', 'copy', `s3://${nearBucket}/near`, `s3://${bucket}/far`, '--all'];
    const { exitCode, answer } = await runJson<CopyReport>(args, { env: other });
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ copied: 3, streamed_because: null });
    expect(answer.backups.every(({ by }) => by === 'stream')).toBe(true);
    const wrong = { ...other, BACKUP_COPY_S3_SECRET_KEY: 'wrong-secret' };
    const denied = await run(args, { env: wrong });
    expect(denied.exitCode).toBe(6);
    expect(denied.stderr).toContain('BACKUP_COPY_S3_');
    const noKeys = { ...env(), BACKUP_COPY_S3_ENDPOINT: 'http://127.0.0.1:1' };
    expect((await run(args, { env: noKeys })).exitCode).toBe(2);
  });
});

describe('a copy that was interrupted', () => {
  it('in a folder is continued where it ended', async () => {
    const [full = ''] = chain;
    const archive = await readFile(join(near, `${full}.tar.gz`));
    await writeFile(join(folder, `${full}.tar.gz.partial`), archive.subarray(0, 5 * MIB));
    await writeFile(join(folder, 'minio_backup_full_20200101_000000.tar.gz.partial'), 'left');
    const { exitCode, answer, stderr } = await copy(join(near, full), folder);
    expect(exitCode).toBe(0);
    expect(answer.streamed_bytes).toBe(archive.length - 5 * MIB);
    expect(stderr).toContain('removed');
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual(
      filesOf([full]),
    );
    expect((await run(['backup', 'verify', join(folder, full)])).exitCode).toBe(0);
  });

  it('in a folder is copied anew if what is left is something else', async () => {
    const [full = ''] = chain;
    await writeFile(join(folder, `${full}.tar.gz.partial`), noise(MIB, 'else'));
    expect((await copy(join(near, full), folder)).exitCode).toBe(0);
    expect((await run(['backup', 'verify', join(folder, full)])).exitCode).toBe(0);
    // Between the archive and the summary.
    await cp(join(folder, `${full}.json`), join(folder, `${full}.json.partial`));
    await rm(join(folder, `${full}.json`));
    const again = await copy(join(near, full), folder);
    expect(again.answer).toMatchObject({ copied: 1, streamed_bytes: 0 });
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual(
      filesOf([full]),
    );
  });

  it.each([
    ['SIGKILL', undefined],
    ['SIGTERM', 143],
  ] as const)(
    'by %s while it uploads leaves no backup, and parts that are not sent again',
    async (signal, exit) => {
      const [full = ''] = chain;
      const isPart = ({ method, path }: { method: string; path: string }): boolean =>
        method === 'PUT' && path.includes('partNumber=');
      let parts = 0;
      let held = (): void => undefined;
      const isHeld = new Promise<void>((resolve) => (held = resolve));
      proxy.setPlan((request) => {
        if (!isPart(request) || ++parts < 3) return undefined;
        held();
        return { kind: 'ignore' };
      });
      const child = runProcess(['backup', 'copy', join(near, full), `s3://${bucket}/far`], {
        env: env(),
      });
      await isHeld;
      await expect.poll(async () => (await partsAt()).length, { timeout: 30_000 }).toBe(2);
      child.kill(signal);
      const { exitCode: status, stderr } = await child;
      expect(status).toBe(exit);
      if (signal === 'SIGTERM') expect(stderr).toContain('stays for the next run');
      expect(await at()).toEqual([]);
      expect(await uploadsAt(store, bucket)).toHaveLength(1);
      proxy.setPlan(() => undefined);
      proxy.requests.length = 0;
      const again = await copy(join(near, full), `s3://${bucket}/far`);
      expect(again.exitCode).toBe(0);
      expect(proxy.requests.filter(isPart)).toHaveLength(1);
      expect((await at()).sort()).toEqual(filesOf([full]));
      expect(await uploadsAt(store, bucket)).toEqual([]);
      const verified = ['backup', 'verify', `s3://${bucket}/far/${full}`];
      expect((await run(verified, { env: env() })).exitCode).toBe(0);
    },
  );

  async function partsAt() {
    const [upload] = await store.listMultipartUploads(bucket, '');
    return upload === undefined ? [] : store.listParts(bucket, upload.key, upload.uploadId);
  }
});

describe('what is wrong at the source or at the target', () => {
  it('a flipped bit is found, and only what needs it stays behind', async () => {
    const [full = '', first = ''] = chain;
    const damaged = await mkdtemp(join(tmpdir(), 'mangamotion-damaged-'));
    await cp(near, damaged, { recursive: true });
    const bytes = await readFile(join(damaged, `${first}.tar.gz`));
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    await writeFile(join(damaged, `${first}.tar.gz`), bytes);
    for (const to of [folder, `s3://${bucket}/far`]) {
      const { exitCode, answer } = await copy(damaged, to, '--all');
      expect(exitCode).toBe(5);
      expect(statesOf(answer)).toEqual([
        [full, 'copied'],
        [first, 'failed'],
        [newest(), 'failed'],
      ]);
      expect(answer.backups[2]?.reason).toContain(first);
    }
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
    expect(names).toEqual(filesOf([full]));
    expect((await at()).sort()).toEqual(filesOf([full]));
    await rm(damaged, { recursive: true });
  });

  it('another backup of the same name is never overwritten, nor an archive of a stranger', async () => {
    const [full = '', first = ''] = chain;
    await copy(join(near, full), folder);
    const summary = JSON.parse(await readFile(join(near, `${full}.json`), 'utf8')) as Summary;
    await rm(join(folder, `${full}.json`));
    await rm(join(folder, `${full}.tar.gz`));
    const made = { at: summary.created_at, sequence: 1 };
    await writeBackup(folder, { ...made, source: summary.source });
    await writeFile(join(folder, `${first}.tar.gz`), 'a stranger');
    const { exitCode, answer } = await copy(near, folder, '--all');
    expect(exitCode).toBe(8);
    expect(answer.backups.map(({ code }) => code)).toEqual(['refused', 'refused', 'partial']);
    expect(String(await readFile(join(folder, `${first}.tar.gz`)))).toBe('a stranger');
    expect(await readFile(join(folder, `${full}.tar.gz`), 'utf8')).toBe('.'.repeat(100));
  });

  it('another backup that a listing does not show is not overwritten either', async () => {
    const [full = ''] = chain;
    const { created_at: at } = JSON.parse(
      await readFile(join(near, `${full}.json`), 'utf8'),
    ) as Summary;
    await putBackup(store, { bucket, prefix: 'far/' }, { at, sequence: 1 });
    const before = await readObject(store, bucket, `far/${full}.json`);
    const body = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
    proxy.setPlan(({ path }) =>
      path.includes('list-type=2') && /prefix=far%2F(?:&|$)/.test(path)
        ? { kind: 'answer', status: 200, body }
        : undefined,
    );
    const args = ['backup', 'copy', join(near, full), `s3://${bucket}/far`];
    const { exitCode, stderr } = await run(args, { env: env() });
    expect([exitCode, stderr]).toEqual([8, expect.stringContaining('different backup')]);
    expect(await readObject(store, bucket, `far/${full}.json`)).toEqual(before);
  });

  it('an archive that is missing, too short or wrong at the target is copied again', async () => {
    await copy(near, folder, '--all');
    const [full = '', first = ''] = chain;
    const archive = join(folder, `${full}.tar.gz`);
    await writeFile(archive, (await readFile(archive)).subarray(0, 1000));
    const bytes = await readFile(join(folder, `${first}.tar.gz`));
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    await writeFile(join(folder, `${first}.tar.gz`), bytes);
    expect(statesOf((await copy(near, folder, '--all')).answer)[0]).toEqual([full, 'repaired']);
    const { answer } = await copy(near, folder, '--all', '--verify');
    expect(answer.backups.map(({ state }) => state)).toEqual(['present', 'repaired', 'present']);
    await expectRestorable(folder);
  });

  it('is told with the next step: the same place, no choice, no folder, locked', async () => {
    const ending = async (...args: string[]) =>
      (await run(['backup', 'copy', ...args], { env: env() })).exitCode;
    expect(await ending(near, `${near}/.`, '--all')).toBe(2);
    expect(await ending(near, folder)).toBe(2);
    expect(await ending(near, folder, '--all', '--latest')).toBe(2);
    expect(await ending(near, folder, '--keep-last', '0')).toBe(2);
    expect(await ending(near, join(folder, 'missing'), '--all')).toBe(4);
    expect(await ending(near, `s3://${bucket}-missing/far`, '--all')).toBe(4);
    expect(await ending(join(near, 'minio_backup_full_20200101_000000'), folder)).toBe(4);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the choice', () => {
  it('follows the rules of prune, and an order that does not fit is refused', async () => {
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const made = await mkdtemp(join(tmpdir(), 'mangamotion-made-'));
    const days = ['2026-01-01', '2026-01-02', '2026-01-02', '2026-01-03'];
    const ids: string[] = [];
    for (const [index, day] of days.entries()) {
      const at = `${day}T0${index}:00:00.000Z`;
      ids.push(await writeBackup(made, { at, sequence: index + 1 }));
    }
    const { answer } = await copy(made, folder, '--keep-daily', '2', '--dry-run');
    expect(answer.backups.map(({ id }) => id)).toEqual([ids[2], ids[3]]);
    // Made there, with numbers of its own, before those at the source.
    await writeBackup(folder, { at: '2026-01-01T12:00:00.000Z', sequence: 9 });
    const refused = await run(['backup', 'copy', made, folder, '--keep-daily', '2']);
    expect(refused.exitCode).toBe(8);
    expect(refused.stderr).toContain('sequence numbers');
    await rm(made, { recursive: true });
  });

  it('copies plain folders into folders, with every file read, and refuses them for a bucket', async () => {
    const plain = await mkdtemp(join(tmpdir(), 'mangamotion-plain-'));
    const settings = { env: { BACKUP_COMPRESSION: 'false' } };
    const args = ['backup', 'full', plain, '--bucket', source];
    const { id } = (await runJson<Summary>(args, settings)).answer;
    await mkdir(join(folder, `${id}.partial`, 'data'), { recursive: true });
    await writeFile(join(folder, `${id}.partial`, 'data', 'no-file-of-ours'), 'x');
    const { exitCode, answer } = await copy(plain, folder, '--latest');
    expect([exitCode, answer.backups[0]?.proof]).toEqual([0, 'read']);
    expect((await run(['backup', 'verify', join(folder, id)])).exitCode).toBe(0);
    const again = await copy(plain, folder, '--latest', '--verify');
    expect(again.answer.backups).toMatchObject([{ state: 'present', proof: 'read' }]);
    const refused = await run(['backup', 'copy', join(plain, id), `s3://${bucket}/far`], {
      env: env(),
    });
    expect(refused.exitCode).toBe(8);
    expect(refused.stderr).toContain('plain folder');
    await writeFile(join(plain, id, 'data', source, 'page-5'), noise(9_000, 'flipped'));
    await rm(join(folder, id), { recursive: true });
    await rm(join(folder, `${id}.json`));
    expect((await run(['backup', 'copy', join(plain, id), folder])).exitCode).toBe(5);
    expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
    await rm(plain, { recursive: true });
  });
});
