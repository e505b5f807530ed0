import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import type { VerifyResult } from '../../src/backup/verify/result.js';
import { contents, filesIn, restoreInto, temporaryFolder } from '../helpers/backups.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runJsonProcess, runProcess, type ProgramOptions } from '../helpers/cli.js';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  inParallel,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const PLAIN = { env: { BACKUP_COMPRESSION: 'false' } };

const store = testStore();
let bucket: string;
let folder: string;

beforeEach(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    { key: 'empty', content: Buffer.alloc(0) },
    {
      key: 'object.pdf',
      content: noise(70_000, 'pdf'),
      attributes: {
        headers: { 'content-type': 'application/pdf' },
        metadata: { title: '進撃の巨人' },
        tags: [{ key: 'k', value: 'v' }],
      },
    },
    { key: 'pages/1.png', content: noise(50_000, 'one') },
    { key: 'pages/2.png', content: noise(2 * MIB, 'two') },
    { key: 'video.mp4', content: noise(11 * MIB + 1, 'video') },
  ]);
  return async () => {
    temporary.remove();
    await removeBucket(store, bucket);
  };
});
afterAll(() => store.close());

async function backUp(type: 'full' | 'incremental', options: ProgramOptions = PLAIN) {
  const args = ['backup', type, folder, '--bucket', bucket];
  const { exitCode, answer, stderr } = await runJson<Summary>(args, options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return answer;
}

async function verify(id: string, ...more: string[]) {
  const args = ['backup', 'verify', join(folder, id), ...more];
  const { exitCode, answer } = await runJson<VerifyResult>(args);
  return { exitCode, ...answer };
}

async function expectToRestore(id: string): Promise<void> {
  const target = freshBucketName();
  const report = await restoreInto(store, folder, id, { from: bucket, to: target });
  expect(report.failures).toEqual([]);
  expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
  await removeBucket(store, target);
}

const put = (key: string, content: string) => store.putObject(bucket, key, contentOf(content));

async function treeOf(id: string): Promise<string[]> {
  const entries = await readdir(join(folder, id), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + id.length + 2))
    .sort();
}

describe('a backup with BACKUP_COMPRESSION=false', () => {
  it('is a folder of plain files with an index, that only their owner can read', async () => {
    const summary = await backUp('full');
    expect(await filesIn(folder)).toEqual([summary.id, `${summary.id}.json`]);
    expect(await treeOf(summary.id)).toEqual([
      `data/${bucket}/empty`,
      `data/${bucket}/object.pdf`,
      `data/${bucket}/pages/1.png`,
      `data/${bucket}/pages/2.png`,
      `data/${bucket}/video.mp4`,
      'index/00000.ndjson',
      'index/directory.json',
      'metadata/buckets.json',
    ]);
    const entries = await readdir(join(folder, summary.id), { recursive: true });
    let bytes = 0;
    for (const name of ['.', ...entries]) {
      const found = await stat(join(folder, summary.id, name));
      expect(found.mode & 0o777).toBe(found.isDirectory() ? 0o700 : 0o600);
      if (found.isFile()) bytes += found.size;
    }
    expect(summary).toMatchObject({
      status: 'complete',
      archive_bytes: bytes,
      archive: { file: summary.id, sha256: summary.archive.directory.sha256 },
    });
  });

  it('gives an object to plain cp, with the time of the object', async () => {
    const { id } = await backUp('full');
    const copy = join(folder, 'copy.pdf');
    const path = join(folder, id, 'data', bucket, 'object.pdf');
    await promisify(execFile)('cp', ['-p', path, copy]);
    expect(await readFile(copy)).toEqual(noise(70_000, 'pdf'));
    const line = (await contents(folder, id)).get('object.pdf');
    expect(line).toMatchObject({ archive: id, offset: 0, length: 70_000, inner: 0 });
    const { mtimeMs } = await stat(copy);
    expect(Math.round(mtimeMs)).toBe(Date.parse(line!.last_modified));
  });

  it('is listed, shown, verified and restored like any other', async () => {
    const { id, bytes } = await backUp('full');
    const list = await runJson<{ backups: Summary[] }>(['backup', 'list', folder]);
    expect(list).toMatchObject({ exitCode: 0, answer: { backups: [{ id, status: 'complete' }] } });
    for (const name of [id, `${id}/`, `${id}.json`]) {
      const shown = await runJson<Summary>(['backup', 'show', join(folder, name)]);
      expect(shown).toMatchObject({ exitCode: 0, answer: { id } });
    }
    const ls = await runJson<{ objects: { key: string }[] }>(['backup', 'ls', join(folder, id)]);
    expect(ls.answer.objects.map(({ key }) => key)).toEqual([
      ...['empty', 'object.pdf', 'pages/1.png', 'pages/2.png', 'video.mp4'],
    ]);
    const whole = { exitCode: 0, status: 'ok', objects: 5, bytes, problems: [] };
    expect(await verify(id)).toMatchObject(whole);
    expect(await verify(id, '--quick')).toMatchObject(whole);
    await expectToRestore(id);
  });

  it('keeps objects whose keys are no names of files, and writes nowhere else', async () => {
    const odd = [
      ...['a', 'a/b', 'a/b/c', 'A', 'trailing/', 'new\nline', 'back\\slash', '-rf', '*', '~'],
      ...['e\u0301', '\u00e9', '🦊.png', '.mangamotion-keys/mine', '.MANGAMOTION-KEYS/mine'],
      ...['.\u200d.', 'k'.repeat(300), '...', 'CON', 'aux.txt ', 'question?mark'],
      // A MinIO refuses these.
      ...['..', '../escape', './here', 'up/../side', 'double//slash', '/leading', '/'],
    ];
    await inParallel(8, odd, (key) => put(key, `content of ${key}`).catch(() => undefined));
    const around = folder;
    folder = join(around, 'destination');
    await mkdir(folder);
    const { id, objects } = await backUp('full');
    expect(objects.captured).toBeGreaterThan(20);
    expect(await filesIn(folder)).toEqual([id, `${id}.json`]);
    expect(await filesIn(around)).toEqual(['destination']);
    expect(await verify(id)).toMatchObject({ status: 'ok', objects: objects.captured });
    await expectToRestore(id);
  });
});

describe('a chain of incremental backups', () => {
  it('of plain folders holds in each what was new, and each restores by itself', async () => {
    const full = await backUp('full');
    await put('object.pdf', 'another');
    await store.deleteObject(bucket, 'pages/1.png');
    const second = await backUp('incremental');
    expect((await treeOf(second.id)).filter((path) => path.startsWith('data/'))).toEqual([
      `data/${bucket}/object.pdf`,
    ]);
    expect(second).toMatchObject({ parent: full.id, references: [full.id] });
    await put('new', 'new');
    const third = await backUp('incremental');
    expect(third).toMatchObject({
      parent: second.id,
      references: [full.id, second.id].sort(),
      objects: { captured: 1, unchanged: 4 },
    });
    for (const { id } of [full, second, third]) {
      expect(await verify(id)).toMatchObject({ status: 'ok', problems: [] });
      expect(await verify(id, '--quick')).toMatchObject({ status: 'ok', problems: [] });
    }
    await expectToRestore(third.id);
  });

  it.each([
    ['a plain folder upon a tar.gz', {}, PLAIN],
    ['a tar.gz upon a plain folder', PLAIN, {}],
  ])('may be of both kinds: %s', async (_, first, then) => {
    const full = await backUp('full', first);
    const nothingNew = await backUp('incremental', then);
    expect(nothingNew).toMatchObject({ references: [full.id], objects: { unchanged: 5 } });
    await put('object.pdf', 'another');
    const second = await backUp('incremental', then);
    await put('new', 'new');
    const third = await backUp('incremental', first);
    expect(third.references).toEqual(expect.arrayContaining([full.id, second.id]));
    for (const { id } of [nothingNew, second, third]) {
      expect(await verify(id)).toMatchObject({ status: 'ok', problems: [] });
    }
    await expectToRestore(third.id);
  });
});

describe('damage to a plain folder', () => {
  const problemsOf = async (id: string, ...more: string[]) => {
    const { exitCode, problems, status } = await verify(id, ...more);
    return { exitCode, status, kinds: problems.map(({ kind }) => kind), problems };
  };

  it('is named: a flipped bit', async () => {
    const { id } = await backUp('full');
    const path = join(folder, id, 'data', bucket, 'pages/2.png');
    const bytes = await readFile(path);
    bytes[MIB] = bytes[MIB]! ^ 1;
    await writeFile(path, bytes);
    expect(await problemsOf(id)).toMatchObject({
      exitCode: 5,
      status: 'damaged',
      problems: [{ kind: 'object', bucket, key: 'pages/2.png' }],
    });
    const target = freshBucketName();
    const report = await restoreInto(store, folder, id, { from: bucket, to: target });
    expect(report.failures.map(({ key }) => key)).toEqual(['pages/2.png']);
    await removeBucket(store, target);
  });

  it('is named: a file that is missing, or cut off, by --quick as a sum', async () => {
    const { id } = await backUp('full');
    await rm(join(folder, id, 'data', bucket, 'pages/1.png'));
    await truncate(join(folder, id, 'data', bucket, 'video.mp4'), MIB);
    const { problems, ...found } = await problemsOf(id);
    expect(found).toEqual({
      exitCode: 5,
      status: 'incomplete',
      kinds: ['archive_truncated', 'object', 'object'],
    });
    expect(problems.map(({ key }) => key)).toEqual([undefined, 'pages/1.png', 'video.mp4']);
    expect(problems[1]?.message).toMatch(/pages\/1\.png is missing/);
    expect(problems[2]?.message).toMatch(/has 1,048,576 bytes/);
    expect((await problemsOf(id, '--quick')).kinds).toEqual(['archive_truncated']);
  });

  it.each(['index/00000.ndjson', 'index/directory.json', 'metadata/buckets.json'])(
    'is named: one changed byte of %s',
    async (name) => {
      const { id } = await backUp('full');
      const path = join(folder, id, name);
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(bucket, bucket.toUpperCase()));
      const { exitCode, kinds } = await problemsOf(id);
      expect(exitCode).toBe(5);
      expect(kinds[0]).toBe({ 0: 'chunk', d: 'directory', b: 'document' }[name.split('/')[1]![0]!]);
    },
  );

  it('is named: what was put into it, be it a file, a link or a pipe', async () => {
    const { id } = await backUp('full');
    const data = join(folder, id, 'data', bucket);
    await writeFile(join(data, 'added'), '');
    await symlink('/etc/passwd', join(data, 'link'));
    await promisify(execFile)('mkfifo', [join(data, 'pipe')]);
    const { exitCode, kinds, problems } = await problemsOf(id);
    expect({ exitCode, kinds }).toEqual({ exitCode: 5, kinds: Array(3).fill('unexpected') });
    const text = problems.map(({ message }) => message).join('\n');
    for (const name of ['added', 'link', 'pipe']) expect(text).toContain(`/${name}"`);
  });

  it('is told by list where the folder, or its directory, is gone, and keeps it from being a parent', async () => {
    const { id } = await backUp('full');
    await truncate(join(folder, id, 'index/directory.json'), 10);
    const list = () => runJson<{ backups: { problem?: string }[] }>(['backup', 'list', folder]);
    const cut = await list();
    expect(cut.exitCode).toBe(3);
    expect(cut.answer.backups[0]?.problem).toMatch(/does not have the length/);
    const next = await run(['backup', 'incremental', folder, '--bucket', bucket], PLAIN);
    expect(next.stderr).toMatch(/making a full backup/);
    await rm(join(folder, id), { recursive: true });
    expect((await list()).answer.backups[0]?.problem).toMatch(/is missing/);
    expect((await verify(id)).status).toBe('incomplete');
  });
});

describe('a plain backup that does not come to its end', () => {
  const stalled = () =>
    startFaultyProxy(store.endpoint, ({ method, path }) =>
      method === 'GET' && path.endsWith('/video.mp4')
        ? { kind: 'stall', afterBytes: 5 * MIB }
        : undefined,
    );

  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s leaves nothing that is visible', async (name) => {
    const proxy = await stalled();
    const { id } = await backUp('full');
    const args = ['backup', 'full', folder, '--bucket', bucket];
    const program = runProcess(args, { ...PLAIN, endpoint: proxy.endpoint });
    const partial = async () => (await filesIn(folder)).find((file) => file.endsWith('.partial'));
    await waitUntil('the large file', [], async () => {
      const files = await readdir(join(folder, (await partial()) ?? 'none'), {
        recursive: true,
      }).catch(() => []);
      return files.some((file) => file.endsWith('video.mp4'));
    });
    program.kill(name);
    await program;
    await proxy.close();
    expect(await partial()).toEqual(expect.any(String));
    const list = await runJson<{ backups: { id: string }[] }>(['backup', 'list', folder]);
    expect(list).toMatchObject({ exitCode: 0, answer: { backups: [{ id }] } });
    const files = (await filesIn(folder)).filter((file) => file.startsWith(id));
    expect(files).toEqual([id, `${id}.json`]);
    const next = await runJson<Summary>(
      ['backup', 'incremental', folder, '--bucket', bucket],
      PLAIN,
    );
    expect(next.exitCode).toBe(0);
    expect(await verify(next.answer.id)).toMatchObject({ status: 'ok' });
    expect(await partial()).toBeUndefined();
  });
});

describe('two backups of both kinds in the same second', () => {
  it('get different names', async () => {
    const args = ['backup', 'full', folder, '--bucket', bucket, '--wait-lock', '2m'];
    const runs = await Promise.all(
      [PLAIN, {}, PLAIN].map((as) => runJsonProcess<Summary>(args, as)),
    );
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(new Set(runs.map(({ answer }) => answer.id)).size).toBe(3);
    for (const { answer } of runs) {
      expect(await verify(answer.id)).toMatchObject({ status: 'ok' });
    }
  });
});
