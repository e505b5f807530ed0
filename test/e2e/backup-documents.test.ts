import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

/** The JSON and CSV that scripts rely on. */

const KEYS = ['=1+2', '@sum', 'a,b', 'page "one"', 'plain', 'two\r\nlines'];

const store = testStore();
const { folder, remove } = temporaryFolder();
let proxy: FaultyProxy;
let bucket: string;
let other: string;
let id: string;
const backup = (): string => join(folder, id);

beforeAll(async () => {
  proxy = await startFaultyProxy(storeUrl());
  bucket = await freshBucket(store);
  other = await freshBucket(store);
  await seed(
    store,
    bucket,
    KEYS.map((key, i) => ({ key, content: noise(100 + i, key) })),
  );
  await seed(store, other, [{ key: 'alone', content: noise(1, 'alone') }]);
  id = (await backUp(store, folder, [bucket, other])).id;
});
afterAll(async () => {
  await proxy.close();
  await removeBucket(store, bucket);
  await removeBucket(store, other);
  store.close();
  remove();
});

const anyNumber: unknown = expect.any(Number);
const anyText: unknown = expect.any(String);
const ofBuckets = (...names: string[]): string[] => names.flatMap((name) => ['--bucket', name]);
const ID = /^minio_backup_full_\d{8}_\d{6}$/;

const SUMMARY_SHAPE = {
  id: expect.stringMatching(ID) as unknown,
  type: 'full',
  status: 'complete',
  parent: null,
  references: [],
  destination: anyText,
  objects: { total: 7, captured: 7, unchanged: 0, changed: 0, vanished: 0, failed: 0 },
  bytes: 616,
  archive_bytes: anyNumber,
  duration_seconds: anyNumber,
  failures: [],
  fidelity: { not_captured: expect.arrayContaining([anyText]) as unknown },
};

describe('the JSON document of', () => {
  it('backup full', async () => {
    const { folder: empty, remove: removeEmpty } = temporaryFolder();
    const { exitCode, answer } = await runJson([
      'backup',
      'full',
      empty,
      ...ofBuckets(bucket, other),
    ]);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ ...SUMMARY_SHAPE, destination: empty });
    removeEmpty();
  });

  it('backup full that is only partial: the whole answer, with status 3', async () => {
    proxy.setPlan(({ path }) =>
      path.endsWith('/plain') ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    );
    const { folder: empty, remove: removeEmpty } = temporaryFolder();
    const { exitCode, answer } = await runJson(
      ['backup', 'full', empty, ...ofBuckets(bucket, other)],
      { endpoint: proxy.endpoint },
    );
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      ...SUMMARY_SHAPE,
      status: 'partial',
      objects: { total: 7, captured: 6, failed: 1 },
      bytes: 616 - 104,
      failures: [
        { bucket, key: 'plain', reason: expect.stringContaining('AccessDenied') as unknown },
      ],
    });
    const { answer: listed } = await runJson<{ backups: unknown[] }>(['backup', 'list', empty]);
    expect(listed.backups).toMatchObject([{ status: 'partial' }]);
    removeEmpty();
  });

  it('backup list', async () => {
    const { exitCode, answer } = await runJson<{ backups: unknown[] }>(['backup', 'list', folder]);
    expect(exitCode).toBe(0);
    expect(answer.backups).toMatchObject([{ ...SUMMARY_SHAPE, id, created_at: anyText }]);
  });

  it('backup list of an empty folder', async () => {
    const { folder: empty, remove: removeEmpty } = temporaryFolder();
    expect(await runJson(['backup', 'list', empty])).toMatchObject({
      exitCode: 0,
      answer: { backups: [] },
    });
    removeEmpty();
  });

  it('backup show', async () => {
    const { exitCode, answer } = await runJson<{ created_at: string }>([
      'backup',
      'show',
      backup(),
    ]);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ ...SUMMARY_SHAPE, id });
    expect(new Date(answer.created_at).toISOString()).toBe(answer.created_at);
  });

  it('backup ls', async () => {
    const { exitCode, answer } = await runJson<{ objects: { key: string }[] }>([
      'backup',
      'ls',
      backup(),
      '--bucket',
      bucket,
    ]);
    expect(exitCode).toBe(0);
    expect(answer.objects.map(({ key }) => key)).toEqual(KEYS);
    expect(answer).toMatchObject({ backup: id, total: { objects: 6, bytes: 615 } });
    expect(answer.objects[0]).toMatchObject({ bucket, size: 100, etag: anyText, sha256: anyText });
  });

  it('backup verify', async () => {
    expect(await runJson(['backup', 'verify', `${backup()}.tar.gz`])).toMatchObject({
      exitCode: 0,
      answer: { id, status: 'ok', objects: 7, bytes: 616, problems: [] },
    });
    expect(await runJson(['backup', 'verify', backup(), '--quick'])).toMatchObject({
      exitCode: 0,
      answer: { id, status: 'ok', objects: 7, bytes: 616, problems: [] },
    });
  });

  it('restore --dry-run', async () => {
    await store.deleteObject(bucket, 'plain');
    const { exitCode, answer } = await runJson(['restore', backup(), '--dry-run']);
    expect(exitCode).toBe(0);
    const nothing = {
      create_bucket: false,
      create: 0,
      overwrite: 0,
      skip: 0,
      conflict: 0,
      delete: 0,
      bytes: 0,
    };
    const buckets = [
      { bucket, target: bucket, ...nothing, create: 1, unchanged: 5, bytes: 104, listed: 5 },
      { bucket: other, target: other, ...nothing, unchanged: 1, listed: 1 },
    ];
    expect(answer).toEqual({
      backup: id,
      dry_run: true,
      buckets: [...buckets].sort((a, b) => (a.bucket < b.bucket ? -1 : 1)),
      documents: [],
      archives: [{ id, present: true, bytes: anyNumber }],
      destroys: [],
      probes: [],
      problems: [],
      failures: [],
    });
  });

  it('restore', async () => {
    await store.deleteObject(bucket, 'plain');
    const { exitCode, answer } = await runJson(['restore', backup()]);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      backup: id,
      restored: { objects: 1, bytes: 104 },
      failures: [],
    });
  });

  it.each([
    ['backup full', () => ['backup', 'full', join(folder, 'nowhere')], 4, 'not_found'],
    ['backup list', () => ['backup', 'list', join(folder, 'nowhere')], 4, 'not_found'],
    ['backup show', () => ['backup', 'show', join(folder, 'nothing')], 4, 'not_found'],
    ['backup ls', () => ['backup', 'ls', folder], 2, 'usage'],
    ['backup verify', () => ['backup', 'verify', join(folder, 'nothing')], 4, 'not_found'],
    ['restore', () => ['restore', folder], 2, 'usage'],
  ])('a failure of %s has a code, a message and a hint', async (_, args, status, code) => {
    const { exitCode, answer } = await runJson(args());
    expect(exitCode).toBe(status);
    expect(answer).toEqual({ error: { code, message: anyText, hint: anyText } });
  });
});

describe('the JSON document of a damaged folder', () => {
  it('is whole, with what is wrong', async () => {
    const { folder: damaged, remove: removeDamaged } = temporaryFolder();
    const { id: cut } = await backUp(store, damaged, [bucket]);
    await truncate(join(damaged, `${cut}.tar.gz`), 700);
    const alone = 'minio_backup_full_20200101_000000';
    await writeFile(join(damaged, `${alone}.json`), '{"format": 1}\n');

    const list = await runJson<{ backups: unknown[] }>(['backup', 'list', damaged]);
    expect(list.exitCode).toBe(3);
    expect(list.answer.backups).toMatchObject([
      { id: cut, problem: expect.stringContaining('length') as unknown },
      { id: alone, status: 'damaged', problem: anyText },
    ]);
    const verified = await runJson<{ problems: unknown[] }>([
      'backup',
      'verify',
      join(damaged, cut),
    ]);
    expect(verified).toMatchObject({ exitCode: 5, answer: { id: cut, status: 'incomplete' } });
    expect(verified.answer.problems).toContainEqual({
      kind: 'archive_truncated',
      message: anyText,
    });
    removeDamaged();
  });
});

describe('the CSV of', () => {
  it('backup list has a line for each backup', async () => {
    const { exitCode, stdout } = await run(['backup', 'list', folder, '--csv']);
    expect(exitCode).toBe(0);
    const [head = [], ...rows] = parseCsv(stdout);
    expect(head.slice(0, 6)).toEqual(['id', 'created_at', 'line', 'status', 'objects', 'bytes']);
    const line: unknown = expect.stringContaining(new URL(storeUrl()).host);
    expect(rows.map((row) => row.slice(0, 1).concat(row.slice(2, 6)))).toEqual([
      [id, line, 'complete', '7', '616'],
    ]);
  });

  it('backup ls brings every key back, but for what guards a spreadsheet', async () => {
    const keysOf = (csv: string): (string | undefined)[] => {
      const [head = [], ...rows] = parseCsv(csv);
      return rows.map((row) => row[head.indexOf('key')]);
    };
    const args = ['backup', 'ls', backup(), '--bucket', bucket];
    expect(keysOf((await run([...args, '--raw-csv'])).stdout)).toEqual(KEYS);
    expect(keysOf((await run([...args, '--csv'])).stdout)).toEqual(
      KEYS.map((key) => (/^[=@]/.test(key) ? `'${key}` : key)),
    );
  });

  it('what has no rows is status 2', async () => {
    const { exitCode, stdout } = await run(['backup', 'verify', backup(), '--csv']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

function storeUrl(): string {
  return store.endpoint;
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  for (let cell = cells.exec(text); cell !== null; cell = cells.exec(text)) {
    const [, quoted, plain = '', separator] = cell;
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (separator === '\r\n') rows.push([]);
    if (cells.lastIndex === text.length) break;
  }
  return rows.slice(0, -1);
}
